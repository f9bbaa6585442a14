"""Metrics of a network while it trains: overlap of boxes, classes without one to hide behind, order of distances."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from converter.training.losses import squared_distances


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


@keras.saving.register_keras_serializable("edgegate")
class PairOrder(keras.metrics.Mean):  # type: ignore[misc]  # Keras has no types
    """The area under a batch's ROC: how often two pictures of one person are nearer than two of different people.

    A batch without both kinds of pairs counts for nothing.
    """

    def __init__(self, name: str = "order", **rest: Any) -> None:
        super().__init__(name=name, **rest)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ARG002
        labels, distances = ops.reshape(y_true, (-1,)), squared_distances(y_pred)
        same = ops.equal(labels[:, None], labels[None, :])
        count = ops.shape(labels)[0]
        upper = ops.reshape(ops.triu(ops.ones((count, count)), k=1), (-1,))
        same = ops.cast(ops.reshape(same, (-1,)), "float32")
        flat = ops.reshape(distances, (-1,))
        order = ops.argsort(flat)
        genuine, impostor = ops.take(same * upper, order), ops.take((1 - same) * upper, order)
        # Of each genuine pair, the impostor pairs that are further away: a rank statistic, in one sweep.
        further = ops.sum(impostor) - ops.cumsum(impostor)
        pairs = ops.sum(genuine) * ops.sum(impostor)
        super().update_state(ops.divide_no_nan(ops.sum(genuine * further), pairs), ops.cast(pairs > 0, "float32"))


@keras.saving.register_keras_serializable("edgegate")
class Cosines(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Cosines (batch, people) of embeddings with a direction for each person, which is learnt."""

    def __init__(self, people: int, **rest: Any) -> None:
        super().__init__(**rest)
        self._people = people

    def build(self, shape: tuple[int, ...]) -> None:
        self._directions = self.add_weight(name="directions", shape=(shape[-1], self._people))

    def call(self, embeddings: Any) -> Any:
        return ops.matmul(ops.normalize(embeddings, axis=-1), ops.normalize(self._directions, axis=0))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "people": self._people}
