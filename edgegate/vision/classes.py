"""The common part of networks that know a few people, each as a class, and everybody else as class 0."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from edgegate.types import UNKNOWN_CLASS, Embedding, Prediction
from edgegate.vision.packs import Pack, refused

Probabilities = npt.NDArray[np.float32]
"""Of each class, 0…1, (classes,)."""

MAX_BEYOND = 0.05
"""The error that rounding in a quantized network may add to a probability or a coordinate of 0…1."""


def probable(pack: Pack, answer: Probabilities) -> Probabilities:
    """A network's answer without its rounding; raises ModelError if it is no probability."""
    if not np.all((answer >= -MAX_BEYOND) & (answer <= 1 + MAX_BEYOND)):
        raise refused(pack.folder, "its classes are no probabilities", "rebuild the pack with the converter")
    return np.asarray(answer.clip(0, 1), np.float32)


def prediction_of(labels: tuple[str, ...], probabilities: Probabilities, confidence: float) -> Prediction:
    """The likeliest class's name, unless that is class 0 or its probability is below `confidence`."""
    index = int(np.argmax(probabilities))
    probability = float(probabilities[index])
    named = index != UNKNOWN_CLASS and probability >= confidence
    return Prediction(labels[index] if named else None, probability)


def direction(probabilities: Probabilities) -> Embedding:
    """Returns what stands for an embedding where no embedder is asked."""
    return np.asarray(probabilities / np.linalg.norm(probabilities), np.float32)


def check_card(pack: Pack, output: str, more: Mapping[str, bool] | None = None) -> None:
    """Raises ModelError unless the card's labels are the classes of that output, "unknown" first.

    `more` is what else can be wrong, in words, and whether it is.
    """
    classes, labels = pack.outputs[output], pack.labels
    faults = {
        f"it has {len(labels)} labels for classes of shape {classes}": classes != (1, len(labels)),
        "it names nobody: its first label must be 'unknown', with people after it": (
            len(labels) < 2 or labels[UNKNOWN_CLASS] != "unknown"
        ),
        "two of its labels are the same": len(set(labels)) < len(labels),
        **(more or {}),
    }
    if fault := next((words for words, wrong in faults.items() if wrong), None):
        raise refused(pack.folder, fault, "rebuild the pack with the converter")
