"""The end of a k-nearest-neighbours network."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("edgegate")
class Votes(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """From cosines (batch, examples) to the share of each class among the `k` greatest, (batch, classes)."""

    def __init__(self, k: int, classes: int, **rest: Any) -> None:
        super().__init__(**rest)
        self._k, self._classes = k, classes

    def build(self, shape: tuple[int, ...]) -> None:
        self._table = self.add_weight(name="table", shape=(shape[-1], self._classes), trainable=False)

    def call(self, cosines: Any) -> Any:
        _, nearest = ops.top_k(cosines, self._k)
        return ops.mean(ops.take(self._table, nearest, axis=0), axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self._k, "classes": self._classes}
