"""MobileFaceNet (Chen et al., "MobileFaceNets", 2018) at 112 pixels: a million parameters, 128 numbers.

Published with PReLU, which in int8 TFLite's fast kernels (XNNPACK) leave to slow ones: the network falls into 34 pieces
and takes four times as long as in float. Leaky ReLU, whose slope is PReLU's initial one and stays it, runs in one
piece, twice as fast as float; hard swish falls apart as PReLU does.

Its last map is weighed place by place (a depthwise convolution as large as the map) and not averaged: the middle of a
face says more about it than its edge.
"""

from __future__ import annotations

from typing import Any

from converter.architectures.backbone import Backbone

STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
"""Expansion, filters, repetitions and first stride of the bottlenecks, as published."""

SLOPE = 0.25
"""Of what is below 0: what PReLU begins with."""


class _Layers:
    """Convolution, batch normalization, and leaky ReLU where it is not linear."""

    def __init__(self, width: float) -> None:
        self._width = width

    def filters(self, count: int) -> int:
        return max(8, round(count * self._width))

    def conv(self, x: Any, name: str, filters: int, kernel: int = 1, stride: int = 1, *, linear: bool = False) -> Any:
        from keras import layers  # noqa: PLC0415

        x = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False, name=name)(x)
        return self._finished(x, name, linear=linear)

    def depthwise(self, x: Any, name: str, kernel: Any, stride: int = 1, padding: str = "same", **how: bool) -> Any:
        from keras import layers  # noqa: PLC0415

        x = layers.DepthwiseConv2D(kernel, strides=stride, padding=padding, use_bias=False, name=name)(x)
        return self._finished(x, name, **how)

    def _finished(self, x: Any, name: str, *, linear: bool = False) -> Any:
        from keras import layers  # noqa: PLC0415

        x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
        return x if linear else layers.LeakyReLU(SLOPE, name=f"{name}_relu")(x)


def features(image: Any, width: float, _weights: str | None) -> Any:
    """(batch, 1, 1, 512 × width)."""
    from keras import layers  # noqa: PLC0415

    net = _Layers(width)
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(image)
    x = net.conv(x, "conv1", net.filters(64), 3, 2)
    x = net.depthwise(x, "conv2", 3)
    for stage, (expansion, count, times, stride) in enumerate(STAGES, start=1):
        for number in range(times):
            x = _bottleneck(net, x, f"block{stage}_{number + 1}", expansion, count, 1 if number else stride)
    x = net.conv(x, "conv3", net.filters(512))
    return net.depthwise(x, "places", tuple(x.shape[1:3]), padding="valid", linear=True)


def embedding(features: Any, _classes: int, head: int) -> dict[str, Any]:
    from keras import layers  # noqa: PLC0415

    x = layers.Flatten(name="flat")(features)
    x = layers.Dense(head, use_bias=False, name="bottleneck")(x)
    return {"embedding": layers.BatchNormalization(momentum=0.9, name="embedding")(x)}


def _bottleneck(net: _Layers, x: Any, name: str, expansion: int, count: int, stride: int) -> Any:
    from keras import layers  # noqa: PLC0415

    filters = net.filters(count)
    inner = net.conv(x, f"{name}_expand", x.shape[-1] * expansion)
    inner = net.depthwise(inner, f"{name}_depth", 3, stride)
    inner = net.conv(inner, f"{name}_project", filters, linear=True)
    return layers.Add(name=f"{name}_sum")([x, inner]) if stride == 1 and x.shape[-1] == filters else inner


BACKBONE = Backbone(
    "mobilefacenet", features, embedding, "embedder", 112, head=128, widths=True, template="arcface-112"
)
