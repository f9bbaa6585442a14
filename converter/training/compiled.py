"""A design made ready to learn: its losses and figures, by task."""

from __future__ import annotations

from typing import Any

import keras

from converter.architectures.backbone import Task
from converter.training.lessons import EmbedderLoss
from converter.training.losses import WEIGHTS, AdditiveMargin, SemiHardTriplets, tracker_losses
from converter.training.metrics import Cosines, MacroF1, MeanIoU, PairOrder


def compiled(model: Any, task: Task, rate: float, loss: EmbedderLoss, classes: int) -> Any:
    """The model, or one with a further output to learn by; its optimizer is Adam at this learning rate."""
    optimizer = keras.optimizers.Adam(float(rate))
    if task == "embedder":
        return _embedder(model, optimizer, loss, classes)
    accuracy, f1 = keras.metrics.SparseCategoricalAccuracy("accuracy"), MacroF1()
    if task == "classifier":
        losses = {"class_probs": keras.losses.SparseCategoricalCrossentropy()}
        model.compile(optimizer, losses, weighted_metrics={"class_probs": [accuracy, f1]})
    else:
        figures = {"class": [accuracy, f1], "box": [MeanIoU()]}
        model.compile(optimizer, tracker_losses(), loss_weights=dict(WEIGHTS), weighted_metrics=figures)
    return model


def without_identity(model: Any) -> Any:
    """The embedder alone, without what it learnt by."""
    return keras.Model(model.input, {"embedding": model.output["embedding"]}) if _learns_identity(model) else model


def _learns_identity(model: Any) -> bool:
    return "identity" in model.output


def _embedder(model: Any, optimizer: Any, loss: EmbedderLoss, people: int) -> Any:
    if loss == "triplet":
        model.compile(optimizer, {"embedding": SemiHardTriplets()}, metrics={"embedding": [PairOrder()]})
        return model
    embedding = model.output["embedding"]
    outputs = {"embedding": embedding, "identity": Cosines(people, name="identity")(embedding)}
    taught = keras.Model(model.input, outputs, name=model.name)
    losses = {"embedding": SemiHardTriplets(), "identity": AdditiveMargin()}
    taught.compile(optimizer, losses, metrics={"embedding": [PairOrder()]})
    return taught
