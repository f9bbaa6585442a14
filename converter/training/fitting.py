"""Fits a simple model on what a network, or an embedder pack, says of every picture; and writes both as one network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from converter.architectures import build, find
from converter.architectures.inputs import pack_below
from converter.architectures.weights import parse_weights
from converter.tflite.folded import keep_body
from converter.training import simple
from converter.training.feed import Pictures
from converter.training.history import HISTORY_FILE, History, write_history
from edgegate.errors import UsageError
from edgegate.system.output_files import complete
from edgegate.vision.tflite import Model

if TYPE_CHECKING:
    from converter.training.settings import TrainSettings

_BATCH = 16


def fit_simple(
    settings: TrainSettings, classes: int, data: tuple[Pictures, Pictures], out: Path, history: History
) -> History:
    """Write `model.keras` and its history of one epoch into `out`; raises UsageError, EdgegateError."""
    if find(settings.design).task != "classifier":
        raise UsageError(f"{settings.design}: a simple model is fitted for classifiers, and this is none")
    features, joined = _on_a_pack(settings, out) if find(settings.design).on_a_pack else _on_layers(settings, classes)
    train, valid = ((features(part), part.labels) for part in data)
    model = simple.fit(settings.learner, train, valid, classes)
    with complete(out / "model.keras", shared=True) as draft:
        joined(model.layers()).save(draft)
    kept = history.with_epoch(simple.figures(model, {"": train, "val_": valid}))
    write_history(out / HISTORY_FILE, kept)
    return kept


Features = Callable[[Pictures], simple.Matrix]


def _on_layers(settings: TrainSettings, classes: int) -> tuple[Features, Callable[[Any], Any]]:
    """Returns what a design's last inner layer says, and how a head is joined to it.

    Raises UsageError where that layer knows nothing, for the weights are without it.
    """
    if new := find(settings.design).new(parse_weights(settings.weights)):
        raise UsageError(
            f"{settings.learner}: {settings.weights} is without {' and '.join(new)}, and a simple model on random "
            'layers learns little; name weights with the top, or learner = "adam"'
        )
    whole = build(
        settings.design, classes=classes, input_size=settings.size, width=settings.width, weights=settings.weights
    )
    body = keras.Model(whole.input, whole.get_layer("class_probs").input)

    def features(pictures: Pictures) -> simple.Matrix:
        images = pictures.images
        parts = [
            np.asarray(body.predict_on_batch(images[start : start + _BATCH].astype(np.float32)), np.float64)
            for start in range(0, len(images), _BATCH)
        ]
        return np.concatenate(parts)

    return features, lambda head: keras.Model(body.input, head(body.output), name=whole.name)


def _on_a_pack(settings: TrainSettings, out: Path) -> tuple[Features, Callable[[Any], Any]]:
    """Returns what a pack says, a copy of which is kept in `out`; the head is all that Keras writes."""
    pack = pack_below(settings.weights)
    keep_body(pack.folder, out)
    model = Model(pack)

    def features(pictures: Pictures) -> simple.Matrix:
        return np.concatenate([model.run(image)["embedding"] for image in pictures.images]).astype(np.float64)

    return features, lambda head: head
