"""How good a tracker is while it trains: overlap of boxes, and a score of classes that no big class can hide behind."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def iou(true: Any, found: Any) -> Any:
    """Intersection over union (batch,), 0…1, of boxes (batch, 4), x1 y1 x2 y2; a box turned inside out has no area."""
    low, high = ops.maximum(true[:, :2], found[:, :2]), ops.minimum(true[:, 2:], found[:, 2:])
    shared = ops.prod(ops.maximum(high - low, 0.0), axis=-1)
    areas = [ops.prod(ops.maximum(box[:, 2:] - box[:, :2], 0.0), axis=-1) for box in (true, found)]
    return ops.divide_no_nan(shared, areas[0] + areas[1] - shared)


@keras.saving.register_keras_serializable("edgegate")
class MeanIoU(keras.metrics.Mean):  # type: ignore[misc]  # Keras has no types
    """Over pictures, by `sample_weight`: those without a face must weigh nothing."""

    def __init__(self, name: str = "iou", **rest: Any) -> None:
        super().__init__(name=name, **rest)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(iou(ops.cast(y_true, y_pred.dtype), y_pred), sample_weight)


@keras.saving.register_keras_serializable("edgegate")
class MacroF1(keras.metrics.F1Score):  # type: ignore[misc]  # Keras has no types
    """The mean of the classes' F1 scores, from class numbers (batch,) and probabilities (batch, classes)."""

    def __init__(self, name: str = "f1", **rest: Any) -> None:
        super().__init__(name=name, **{"average": "macro"} | rest)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        true = ops.one_hot(ops.cast(ops.reshape(y_true, (-1,)), "int32"), y_pred.shape[-1])
        super().update_state(true, y_pred, sample_weight)
