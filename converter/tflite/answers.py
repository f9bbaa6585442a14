"""A network's answers about many pictures, and how right they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.architectures.backbone import Task
from edgegate.types import Image

Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]

_BATCH = 32


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Of n pictures: class probabilities (n, classes) and boxes (n, 4), x1 y1 x2 y2 in 0…1 of the picture.

    A classifier's boxes are (n, 0): it gives none.
    """

    classes: Floats
    boxes: Floats

    @classmethod
    def of(cls, outputs: Mapping[str, Floats]) -> Answers:
        """From a tracker's outputs by name, or a classifier's."""
        if "class_probs" in outputs:
            return cls(outputs["class_probs"], np.empty((len(outputs["class_probs"]), 0), np.float32))
        return cls(outputs["class"], outputs["box"])

    def outputs(self) -> dict[str, Floats]:
        return {"class": self.classes, "box": self.boxes} if self.boxed else {"class_probs": self.classes}

    @property
    def boxed(self) -> bool:
        """True if there are boxes."""
        return bool(self.boxes.shape[1])

    @property
    def labels(self) -> Whole:
        """The likeliest class of each picture."""
        return np.asarray(self.classes.argmax(axis=1), np.int64)

    @property
    def confidence(self) -> Floats:
        """The probability of the likeliest class."""
        return np.asarray(self.classes.max(axis=1), np.float32)


def of_keras(model: Any, pictures: Image) -> Answers:
    """A keras.Model's answers to (n, height, width, 3) RGB uint8."""
    return Answers.of(outputs_of_keras(model, pictures))


def outputs_of_keras(model: Any, pictures: Image) -> dict[str, Floats]:
    """The same by the outputs' names, whatever the task."""
    parts = [
        model.predict_on_batch(pictures[start : start + _BATCH].astype(np.float32))
        for start in range(0, len(pictures), _BATCH)
    ]
    return {name: np.concatenate([np.asarray(part[name], np.float32) for part in parts]) for name in parts[0]}


def shapes(task: Task, count: int) -> dict[str, tuple[int, ...]]:
    """Of a .tflite's outputs by name; `count` is the number of classes, or the length of an embedding."""
    if task == "tracker":
        return {"class": (1, count), "box": (1, 4)}
    return {"class_probs" if task == "classifier" else "embedding": (1, count)}


def iou(one: Floats, other: Floats) -> Floats:
    """Intersection over union, 0…1, of boxes (n, 4) pair by pair; 0 where either is empty or turned around."""
    top_left, bottom_right = np.maximum(one[:, :2], other[:, :2]), np.minimum(one[:, 2:], other[:, 2:])
    shared = np.clip(bottom_right - top_left, 0, None).prod(axis=1)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (one, other)]
    union = areas[0] + areas[1] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0), np.float32)
