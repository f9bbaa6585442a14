"""The published loss of the tracker: where the face is, plus half of who it is.

    localization = Σ (Δx1² + Δy1²) + Σ (Δw² + Δh²), over the pictures of a batch
    total = localization + 0.5 × sparse categorical cross-entropy, its mean over the batch

Pictures without a face weigh nothing in the first: that weight is the `sample_weight` of output `box`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

WEIGHTS: Mapping[str, float] = {"class": 0.5, "box": 1.0}


@keras.saving.register_keras_serializable("edgegate")
class Localization(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
    """Σ over the batch of the squared errors of a corner and of a size; boxes (batch, 4), x1 y1 x2 y2."""

    def __init__(self, name: str = "localization", reduction: str = "sum", **rest: Any) -> None:
        super().__init__(name=name, reduction=reduction, **rest)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        true, found = ops.cast(y_true, y_pred.dtype), y_pred
        corner = ops.square(true[:, :2] - found[:, :2])
        size = ops.square((true[:, 2:] - true[:, :2]) - (found[:, 2:] - found[:, :2]))
        return ops.sum(corner, axis=-1) + ops.sum(size, axis=-1)


def tracker_losses() -> dict[str, Any]:
    """By output, for `keras.Model.compile`; weigh them by `WEIGHTS`."""
    return {"class": keras.losses.SparseCategoricalCrossentropy(), "box": Localization()}
