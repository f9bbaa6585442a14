"""What a tracker says about many pictures, and how right it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgegate.types import Image

Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]

_BATCH = 32


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Of n pictures: class probabilities (n, classes) and boxes (n, 4), x1 y1 x2 y2 in 0…1 of the picture."""

    classes: Floats
    boxes: Floats

    @property
    def labels(self) -> Whole:
        """The likeliest class of each picture."""
        return np.asarray(self.classes.argmax(axis=1), np.int64)

    @property
    def confidence(self) -> Floats:
        """The probability of the likeliest class."""
        return np.asarray(self.classes.max(axis=1), np.float32)


def of_keras(model: Any, pictures: Image) -> Answers:
    """A keras.Model's answers to (n, size, size, 3) RGB uint8."""
    parts = [
        model.predict_on_batch(pictures[start : start + _BATCH].astype(np.float32))
        for start in range(0, len(pictures), _BATCH)
    ]
    classes, boxes = (
        np.concatenate([np.asarray(part[name], np.float32) for part in parts]) for name in ("class", "box")
    )
    return Answers(classes, boxes)


def iou(one: Floats, other: Floats) -> Floats:
    """Intersection over union, 0…1, of boxes (n, 4) pair by pair; 0 where either is empty or turned around."""
    top_left, bottom_right = np.maximum(one[:, :2], other[:, :2]), np.minimum(one[:, 2:], other[:, 2:])
    shared = np.clip(bottom_right - top_left, 0, None).prod(axis=1)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (one, other)]
    union = areas[0] + areas[1] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0), np.float32)
