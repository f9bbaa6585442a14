"""Trained networks that answer as edgegate's own designs do, read from their files for answers or for conversion."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converter.architectures.backbone import Task
from converter.networks.files import read_keras
from converter.networks.interface import network
from converter.tflite.folded import BODY, Folded
from edgegate.errors import ModelError

TASKS: Mapping[frozenset[str], Task] = {
    frozenset({"class", "box"}): "tracker",
    frozenset({"class_probs"}): "classifier",
    frozenset({"embedding"}): "embedder",
}
"""By the names of outputs."""


def load_model(file: Path) -> Any:
    """A network as a keras.Model, for answering; raises ModelError where the file is none, or of no task's outputs."""
    model = read_keras(file)
    task_of(model, file)
    body = file.parent / BODY
    if body.is_dir():
        return Folded(body, model)
    network(str(file), model)  # takes one picture of a size that is known
    return model


def task_of(model: Any, file: Path) -> Task:
    """As its outputs say; raises ModelError where they are no task's."""
    output = getattr(model, "output", None)
    names = frozenset(output) if isinstance(output, dict) else frozenset()
    if names not in TASKS:
        raise ModelError(
            f"{file}: its outputs are those of no design, such as class and box; if it was trained elsewhere, make a "
            f"pack of it with: python -m converter import keras {file}"
        )
    return TASKS[names]


def size_of(model: Any) -> tuple[int, int]:
    """Width and height of the pictures that it takes."""
    if isinstance(model, Folded):
        return model.pixels, model.pixels
    height, width = model.inputs[0].shape[1:3]
    return int(width), int(height)
