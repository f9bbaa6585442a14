"""A small network of our own, made to be trained from scratch in minutes and to stay below a megabyte in int8.

A plain stack of convolutions ends at an eighth of the frame. The class head is the published one. The box head knows
positions: each of its maps becomes one point, the mean of the cells' coordinates weighed by a softmax over the map
(the spatial softmax of Finn et al., "Deep Spatial Autoencoders for Visuomotor Learning", 2016).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converter.architectures.backbone import Backbone

POINTS = 16


def features(image: Any, width: float, _weights: str | None) -> Any:
    """(batch, size / 8, size / 8, 64 × width)."""
    from keras import layers  # noqa: PLC0415

    x = layers.Rescaling(1 / 255, name="scale")(image)
    for number, (filters, stride) in enumerate(((16, 2), (24, 2), (32, 1), (48, 2), (64, 1), (64, 1)), start=1):
        x = layers.Conv2D(
            max(8, round(filters * width)), 3, strides=stride, padding="same", use_bias=False, name=f"conv{number}"
        )(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
    return x


def heads(features: Any, classes: int, head: int) -> dict[str, Any]:
    from keras import layers  # noqa: PLC0415

    attention = _attention(features)
    seen = layers.Dot(axes=(2, 1), name="class_parts")([attention, _cells(features, "class_cells")])
    parts = layers.Flatten(name="class_seen")(seen)
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
    from keras import layers  # noqa: PLC0415

    maps = layers.Conv2D(POINTS, 1, name="maps")(features)
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


BACKBONE = Backbone("cnn", features, heads, head=64, widths=True)
