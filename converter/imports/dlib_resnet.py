"""Rebuilds dlib's face recognition ResNet (29 convolutions) in Keras from its parsed layers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from converter.imports.dlib_dat import AddPrevious, Affine, Conv, Dense, DlibNetwork, Layer, Pool, Relu
from edgegate.errors import ModelError


def build(network: DlibNetwork) -> Any:
    """A keras.Model: `image` (1, size, size, 3) float RGB 0…255 to {`embedding`: (1, 128)}, not normalised."""
    import keras  # noqa: PLC0415 - heavy, and only the converter's own environment has it

    image = x = shortcut = keras.Input((network.size, network.size, 3), batch_size=1, name="image")
    block_begins = False
    for layer in fold(network):
        match layer:
            case Conv():
                shortcut, block_begins = (x, False) if block_begins else (shortcut, False)
                x = _conv(layer)(x)
            case Relu():
                x = keras.layers.ReLU()(x)
            case Pool(kind="average", size=2):
                shortcut = keras.layers.AveragePooling2D(2, layer.stride)(shortcut)
            case AddPrevious():
                x, block_begins = _add(x, shortcut), True
            case Pool(kind="max"):
                x, block_begins = keras.layers.MaxPooling2D(layer.size, layer.stride)(x), True
            case Pool(size=0):
                x = keras.layers.GlobalAveragePooling2D()(x)
            case Dense():
                x = _dense(layer)(x)
            case _:
                raise ModelError(f"the network has a layer that cannot be rebuilt: {layer}")
    return keras.Model(image, {"embedding": x}, name="dlib_resnet")


def fold(network: DlibNetwork) -> Iterator[Layer]:
    """The layers with every affine, and (pixels - mean) / 256, folded into the convolution before or after it.

    Exact, because the first convolution does not pad: a padded zero would have meant `mean`, not black.
    """
    first = True
    for layer, following in pairwise((*network.layers, None)):
        if isinstance(layer, Conv):
            filters, bias = layer.filters.astype(np.float64), layer.bias.astype(np.float64)
            if isinstance(following, Affine):
                filters, bias = filters * following.gamma, bias * following.gamma + following.beta
            if first:
                filters, bias = filters / 256, bias - np.einsum("hwio,i->o", filters, network.mean) / 256
            first = False
            yield Conv(filters.astype(np.float32), bias.astype(np.float32), layer.stride, layer.padding)
        elif layer is not None and not isinstance(layer, Affine):
            yield layer


def _conv(layer: Conv) -> Any:
    import keras  # noqa: PLC0415

    return keras.layers.Conv2D(
        layer.filters.shape[-1],
        layer.filters.shape[:2],
        strides=layer.stride,
        padding="same" if layer.padding else "valid",
        kernel_initializer=lambda *_, **__: layer.filters,
        bias_initializer=lambda *_, **__: layer.bias,
    )


def _dense(layer: Dense) -> Any:
    import keras  # noqa: PLC0415

    return keras.layers.Dense(
        layer.weights.shape[1],
        use_bias=False,
        kernel_initializer=lambda *_, **__: layer.weights,
    )


def _add(x: Any, shortcut: Any) -> Any:
    """Adds as dlib does: whichever is smaller counts as zero beyond its bottom, right and last channel."""
    import keras  # noqa: PLC0415

    def grown(tensor: Any, other: Any) -> Any:
        missing = [(0, max(0, b - a)) for a, b in zip(tensor.shape, other.shape, strict=True)]
        return keras.ops.pad(tensor, missing) if any(after for _, after in missing) else tensor

    return keras.layers.Add()([grown(x, shortcut), grown(shortcut, x)])
