"""The losses that networks are trained with.

The published one of the tracker: where the face is, plus half of who it is.

    localization = Σ (Δx1² + Δy1²) + Σ (Δw² + Δh²), over the pictures of a batch
    total = localization + 0.5 × sparse categorical cross-entropy, its mean over the batch

Pictures without a face weigh nothing in the first: that weight is the `sample_weight` of output `box`.

Of embedders: triplets (Schroff et al., "FaceNet", 2015), and an additive margin (Wang et al., "Additive Margin Softmax
for Face Verification", 2018). Both take embeddings at length 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

WEIGHTS: Mapping[str, float] = {"class": 0.5, "box": 1.0}

TRIPLET_MARGIN = 0.2
SOFTMAX_MARGIN, SOFTMAX_SCALE = 0.35, 30.0
"""As published."""


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


@keras.saving.register_keras_serializable("edgegate")
class SemiHardTriplets(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), d the squared distance; a mean for each anchor.

    For every two pictures of a person in the batch, the negative is the nearest that is further away than the
    positive: the hardest ones of all are mislabelled, or pull everything into one point. Where none is further away,
    the furthest takes its place. An anchor alone of its person has no loss.
    """

    def __init__(self, margin: float = TRIPLET_MARGIN, name: str = "triplets", **rest: Any) -> None:
        super().__init__(name=name, **rest)
        self._margin = margin

    def call(self, y_true: Any, y_pred: Any) -> Any:
        labels, distances = ops.reshape(y_true, (-1,)), squared_distances(y_pred)
        same = ops.equal(labels[:, None], labels[None, :])
        positive = ops.cast(same, distances.dtype) - ops.eye(ops.shape(labels)[0], dtype=distances.dtype)
        negative = ops.logical_not(same)
        further = ops.logical_and(negative[:, None, :], distances[:, None, :] > distances[:, :, None])
        beyond = 5.0  # no two points of the unit sphere are so far apart
        nearest = ops.min(ops.where(further, distances[:, None, :], beyond), axis=-1)
        furthest = ops.max(ops.where(negative, distances, 0.0), axis=-1)
        chosen = ops.where(nearest < beyond, nearest, furthest[:, None])
        loss = ops.maximum(distances - chosen + self._margin, 0.0)
        return ops.divide_no_nan(ops.sum(loss * positive, axis=-1), ops.sum(positive, axis=-1))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "margin": self._margin}


@keras.saving.register_keras_serializable("edgegate")
class AdditiveMargin(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
    """Cross-entropy of scale × (cosine, less the margin where it is the right one); cosines (batch, people)."""

    def __init__(
        self, margin: float = SOFTMAX_MARGIN, scale: float = SOFTMAX_SCALE, name: str = "margin", **rest: Any
    ) -> None:
        super().__init__(name=name, **rest)
        self._margin, self._scale = margin, scale

    def call(self, y_true: Any, y_pred: Any) -> Any:
        right = ops.one_hot(ops.cast(ops.reshape(y_true, (-1,)), "int32"), y_pred.shape[-1])
        logits = self._scale * (y_pred - self._margin * right)
        return keras.losses.categorical_crossentropy(right, logits, from_logits=True)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "margin": self._margin, "scale": self._scale}


def squared_distances(embeddings: Any) -> Any:
    """(batch, batch), 0…4, of embeddings (batch, n) brought to length 1."""
    unit = ops.normalize(embeddings, axis=-1)
    return ops.maximum(2 - 2 * ops.matmul(unit, ops.transpose(unit)), 0.0)
