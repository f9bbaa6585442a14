"""Agreement that one and the same answer to every picture would reach: a budget that it keeps cannot be missed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.tflite.answers import Answers, Floats, iou

CONSTANT = {"class_agreement": "class_constant", "box_agreement": "box_constant"}
"""Figures, and what a constant answer reaches in each."""


def class_constant(reference: Answers) -> float:
    """The share of the Keras model's commonest class."""
    return float(np.unique(reference.labels, return_counts=True)[1].max() / len(reference.labels))


def box_constant(reference: Answers, boxed: npt.NDArray[np.bool_]) -> float | None:
    """Mean IoU of the median of the Keras model's boxes with all of them, where there is a true one."""
    boxes: Floats = reference.boxes[boxed]
    if not reference.boxed or not len(boxes):
        return None
    return float(iou(np.broadcast_to(np.median(boxes, axis=0), boxes.shape).astype(np.float32), boxes).mean())


def cannot_fail(name: str, limit: float | None, values: Mapping[str, Any]) -> str | None:
    """Returns why a budget says nothing on these images, with the way out; None where it does, or asks for nothing."""
    constant = values.get(CONSTANT.get(name, ""))
    if not limit or constant is None or constant < limit:
        return None
    if name == "class_agreement":
        return (
            f"{name} cannot fail on these images: {100 * constant:.3g} % of the model's answers are of one class; add "
            "test photos of the other classes, and train it until it tells them apart"
        )
    return (
        f"{name} cannot fail on these images: one box for all would agree by {constant:.3g}; "
        "add test photos with faces elsewhere in the frame"
    )
