"""A small network of our own, made to be trained from scratch in minutes and to stay below a megabyte in int8.

Convolutions go down to an eighth of the frame; what they see is laid over the finer map at a quarter, as in feature
pyramids (Lin et al., 2017). Both heads look at the same few points of that map, each of which has a map of its own.
Where a point is, the mean of the coordinates under a softmax (the spatial softmax of Finn et al., "Deep Spatial
Autoencoders for Visuomotor Learning", 2016, here along each axis), gives the box; what is seen there gives the class.
"""

from __future__ import annotations

from typing import Any

import numpy as np

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

    maps = _maps(features)
    seen = layers.Dot(axes=(2, 1), name="parts")([_attention(maps), _cells(features, "cells")])
    parts = layers.Flatten(name="seen")(seen)
    anywhere = layers.GlobalMaxPooling2D(name="class_pool")(features)
    known = layers.Concatenate(name="class_known")([parts, anywhere])
    hidden = layers.Dense(head, activation="relu", name="class_hidden")(known)
    place = layers.Concatenate(name="place")([_coordinates(maps, axis) for axis in ("x", "y")])
    placed = layers.Dense(head, activation="relu", name="box_hidden")(place)
    return {
        "class": layers.Dense(classes, activation="softmax", name="class")(hidden),
        "box": layers.Dense(4, activation="sigmoid", name="box")(placed),
    }


def _maps(features: Any) -> Any:
    """(batch, height, width, POINTS): how much each point is in each cell, before any softmax."""
    from keras import initializers, layers  # noqa: PLC0415

    raw = layers.Conv2D(POINTS, 1, use_bias=False, name="maps")(features)
    sharp = initializers.Constant(SHARPNESS)
    return layers.BatchNormalization(momentum=0.9, gamma_initializer=sharp, name="map_norm")(raw)


def _attention(maps: Any) -> Any:
    """(batch, POINTS, height × width): what each point looks at, summing to 1."""
    from keras import layers  # noqa: PLC0415

    return layers.Softmax(name="attention")(layers.Permute((2, 1), name="map_rows")(_cells(maps, "map_cells")))


def _cells(maps: Any, name: str) -> Any:
    from keras import layers  # noqa: PLC0415

    _, height, width, count = maps.shape
    return layers.Reshape((height * width, count), name=name)(maps)


def _coordinates(maps: Any, axis: str) -> Any:
    """(batch, POINTS): where each point is along one axis, in -1…1.

    The softmax is over the maxima along the other axis, and not over all cells: in int8 it counts in steps of 1 / 256,
    in which a probability spread over hundreds of cells is mostly lost.
    """
    from keras import layers  # noqa: PLC0415

    _, height, width, count = maps.shape
    length, pool = (width, (height, 1)) if axis == "x" else (height, (1, width))
    profile = layers.Reshape((length, count), name=f"{axis}_profile")(
        layers.MaxPooling2D(pool, name=f"{axis}_maxima")(maps)
    )
    probable = layers.Softmax(name=f"{axis}_attention")(layers.Permute((2, 1), name=f"{axis}_rows")(profile))
    mean = layers.Dense(1, use_bias=False, trainable=False, name=f"{axis}_mean")
    where = mean(probable)
    mean.set_weights([np.linspace(-1, 1, length, dtype=np.float32)[:, np.newaxis]])
    return layers.Flatten(name=f"{axis}_points")(where)


BACKBONE = Backbone("cnn", features, heads, head=64, multiple=8, widths=True)
