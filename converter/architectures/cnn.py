"""A small network of our own, made to be trained from scratch in minutes and to stay below a megabyte in int8.

Convolutions go down to an eighth of the frame; what they see is laid over the finer map at a quarter, as in feature
pyramids (Lin et al., 2017). Both heads look at the same few points of that map: each point has a map of attention, a
softmax over all cells. Where a point is, the mean of the cells' coordinates (the spatial softmax of Finn et al., "Deep
Spatial Autoencoders for Visuomotor Learning", 2016), gives the box; what is seen there gives the class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converter.architectures.backbone import Backbone

POINTS = 16

SHARPNESS = 3.0
"""Standard deviation of a map before its softmax, at first: a flatter one looks everywhere, and learns slowly."""


def features(image: Any, width: float, _weights: str | None) -> Any:
    """(batch, size / 4, size / 4, 32 × width)."""
    from keras import layers  # noqa: PLC0415

    def filters(count: int) -> int:
        return max(8, round(count * width))

    x = layers.Rescaling(1 / 255, name="scale")(image)
    x = _convolved(x, "conv1", filters(16), stride=2)
    x = _convolved(x, "conv2", filters(24), stride=2)
    fine = _convolved(x, "conv3", filters(32))
    x = _convolved(fine, "conv4", filters(48), stride=2)
    x = _convolved(x, "conv5", filters(64))
    x = _convolved(x, "conv6", filters(64))
    coarse = layers.UpSampling2D(name="coarse_up")(layers.Conv2D(filters(32), 1, name="coarse")(x))
    both = layers.Add(name="both")([coarse, layers.Conv2D(filters(32), 1, name="fine")(fine)])
    return _convolved(both, "conv7", filters(32))


def _convolved(x: Any, name: str, filters: int, stride: int = 1) -> Any:
    from keras import layers  # noqa: PLC0415

    x = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False, name=name)(x)
    return layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x))


def heads(features: Any, classes: int, head: int) -> dict[str, Any]:
    from keras import layers  # noqa: PLC0415

    attention = _attention(features)
    seen = layers.Dot(axes=(2, 1), name="parts")([attention, _cells(features, "cells")])
    parts = layers.Flatten(name="seen")(seen)
    anywhere = layers.GlobalMaxPooling2D(name="class_pool")(features)
    known = layers.Concatenate(name="class_known")([parts, anywhere])
    hidden = layers.Dense(head, activation="relu", name="class_hidden")(known)
    place = layers.Dense(head, activation="relu", name="box_hidden")(_points(attention, features.shape[1:3]))
    return {
        "class": layers.Dense(classes, activation="softmax", name="class")(hidden),
        "box": layers.Dense(4, activation="sigmoid", name="box")(place),
    }


def _attention(features: Any) -> Any:
    """(batch, POINTS, height × width): what each point looks at, summing to 1."""
    from keras import initializers, layers  # noqa: PLC0415

    raw = layers.Conv2D(POINTS, 1, use_bias=False, name="maps")(features)
    sharp = initializers.Constant(SHARPNESS)
    maps = layers.BatchNormalization(momentum=0.9, gamma_initializer=sharp, name="map_norm")(raw)
    return layers.Softmax(name="attention")(layers.Permute((2, 1), name="map_rows")(_cells(maps, "map_cells")))


def _cells(maps: Any, name: str) -> Any:
    from keras import layers  # noqa: PLC0415

    _, height, width, count = maps.shape
    return layers.Reshape((height * width, count), name=name)(maps)


def _points(attention: Any, shape: tuple[int, int]) -> Any:
    """(batch, 2 POINTS): where each point is, x and y in -1…1."""
    from keras import layers  # noqa: PLC0415

    mean = layers.Dense(2, use_bias=False, trainable=False, name="points")
    points = mean(attention)
    mean.set_weights([_grid(*shape)])
    return layers.Flatten(name="place")(points)


def _grid(height: int, width: int) -> npt.NDArray[np.float32]:
    """(height × width, 2): every cell's x and y."""
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    return np.stack((x.ravel(), y.ravel()), axis=1).astype(np.float32)


BACKBONE = Backbone("cnn", features, heads, head=64, multiple=8, widths=True)
