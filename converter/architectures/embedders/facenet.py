"""FaceNet's network as it is commonly trained: Inception-ResNet v1 (Szegedy et al., 2016) at 160 pixels.

Layers and sizes are those of D. Sandberg's `facenet`: 22,808,144 parameters with 128 numbers in the embedding. `head`
is their count, 512 in his later models. The published length of 1 is left to the comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from converter.architectures.backbone import Backbone

DROPOUT = 0.2

MOMENTUM = 0.9
"""Published 0.995, for hundreds of thousands of batches: a shorter training would be judged by statistics that its
normalization has not reached."""


class _Layers:
    """Convolutions with their names, of so many filters times `width`."""

    def __init__(self, width: float) -> None:
        self._width = width

    def filters(self, count: int) -> int:
        return max(4, round(count * self._width))

    def conv(self, x: Any, name: str, count: int, kernel: Any, stride: int = 1, padding: str = "same") -> Any:
        from keras import layers  # noqa: PLC0415

        filters = self.filters(count)
        x = layers.Conv2D(filters, kernel, strides=stride, padding=padding, use_bias=False, name=name)(x)
        x = layers.BatchNormalization(momentum=MOMENTUM, epsilon=1e-3, scale=False, name=f"{name}_norm")(x)
        return layers.ReLU(name=f"{name}_relu")(x)

    def residual(self, x: Any, name: str, branches: Any, scale: float, *, last: bool = False) -> Any:
        """Returns what the branches see, brought to as many filters as `x` has, times `scale`, is added to it."""
        from keras import layers  # noqa: PLC0415

        both = layers.Concatenate(name=f"{name}_branches")(branches)
        up = layers.Conv2D(x.shape[-1], 1, name=f"{name}_up")(both)
        x = layers.Add(name=f"{name}_sum")([x, layers.Rescaling(scale, name=f"{name}_scale")(up)])
        return x if last else layers.ReLU(name=f"{name}_relu")(x)


def features(image: Any, width: float, _weights: str | None) -> Any:
    """(batch, 1792 × width): the mean over the last 3 × 3."""
    from keras import layers  # noqa: PLC0415

    net = _Layers(width)
    x = _stem(net, layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(image))
    x = _repeated(net, x, "block35", 5, _block35)
    x = _reduced_a(net, x)
    x = _repeated(net, x, "block17", 10, _block17)
    x = _reduced_b(net, x)
    x = _repeated(net, x, "block8", 5, _block8)
    x = _block8(net, x, "block8_6", scale=1.0, last=True)
    return layers.Dropout(DROPOUT, name="dropout")(layers.GlobalAveragePooling2D(name="mean")(x))


def embedding(features: Any, _classes: int, head: int) -> dict[str, Any]:
    from keras import layers  # noqa: PLC0415

    x = layers.Dense(head, use_bias=False, name="bottleneck")(features)
    return {"embedding": layers.BatchNormalization(momentum=MOMENTUM, epsilon=1e-3, scale=False, name="embedding")(x)}


def _repeated(net: _Layers, x: Any, name: str, times: int, block: Callable[[_Layers, Any, str], Any]) -> Any:
    for number in range(1, times + 1):
        x = block(net, x, f"{name}_{number}")
    return x


def _stem(net: _Layers, x: Any) -> Any:
    from keras import layers  # noqa: PLC0415

    x = net.conv(x, "stem1", 32, 3, 2, "valid")
    x = net.conv(x, "stem2", 32, 3, 1, "valid")
    x = net.conv(x, "stem3", 64, 3)
    x = layers.MaxPooling2D(3, 2, name="stem_pool")(x)
    x = net.conv(x, "stem4", 80, 1, 1, "valid")
    x = net.conv(x, "stem5", 192, 3, 1, "valid")
    return net.conv(x, "stem6", 256, 3, 2, "valid")


def _block35(net: _Layers, x: Any, name: str) -> Any:
    one = net.conv(x, f"{name}_a", 32, 1)
    two = net.conv(net.conv(x, f"{name}_b1", 32, 1), f"{name}_b2", 32, 3)
    three = net.conv(net.conv(net.conv(x, f"{name}_c1", 32, 1), f"{name}_c2", 32, 3), f"{name}_c3", 32, 3)
    return net.residual(x, name, [one, two, three], 0.17)


def _block17(net: _Layers, x: Any, name: str) -> Any:
    one = net.conv(x, f"{name}_a", 128, 1)
    two = net.conv(net.conv(x, f"{name}_b1", 128, 1), f"{name}_b2", 128, (1, 7))
    return net.residual(x, name, [one, net.conv(two, f"{name}_b3", 128, (7, 1))], 0.10)


def _block8(net: _Layers, x: Any, name: str, scale: float = 0.20, *, last: bool = False) -> Any:
    one = net.conv(x, f"{name}_a", 192, 1)
    two = net.conv(net.conv(x, f"{name}_b1", 192, 1), f"{name}_b2", 192, (1, 3))
    return net.residual(x, name, [one, net.conv(two, f"{name}_b3", 192, (3, 1))], scale, last=last)


def _reduced_a(net: _Layers, x: Any) -> Any:
    from keras import layers  # noqa: PLC0415

    one = net.conv(x, "reduce_a_a", 384, 3, 2, "valid")
    two = net.conv(net.conv(x, "reduce_a_b1", 192, 1), "reduce_a_b2", 192, 3)
    two = net.conv(two, "reduce_a_b3", 256, 3, 2, "valid")
    return layers.Concatenate(name="reduce_a")([one, two, layers.MaxPooling2D(3, 2, name="reduce_a_pool")(x)])


def _reduced_b(net: _Layers, x: Any) -> Any:
    from keras import layers  # noqa: PLC0415

    one = net.conv(net.conv(x, "reduce_b_a1", 256, 1), "reduce_b_a2", 384, 3, 2, "valid")
    two = net.conv(net.conv(x, "reduce_b_b1", 256, 1), "reduce_b_b2", 256, 3, 2, "valid")
    three = net.conv(net.conv(x, "reduce_b_c1", 256, 1), "reduce_b_c2", 256, 3)
    three = net.conv(three, "reduce_b_c3", 256, 3, 2, "valid")
    pool = layers.MaxPooling2D(3, 2, name="reduce_b_pool")(x)
    return layers.Concatenate(name="reduce_b")([one, two, three, pool])


BACKBONE = Backbone(
    "facenet", features, embedding, "embedder", 160, head=128, least_size=160, widths=True, template="facenet-160"
)
