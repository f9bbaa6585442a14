"""Trained networks read from their files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converter.architectures.backbone import Task
from converter.tflite.folded import BODY, Folded
from edgegate.errors import EdgegateError, ModelError

TASKS: Mapping[frozenset[str], Task] = {
    frozenset({"class", "box"}): "tracker",
    frozenset({"class_probs"}): "classifier",
    frozenset({"embedding"}): "embedder",
}
"""By the names of outputs."""


def load_model(file: Path) -> Any:
    """A network as a keras.Model, for answering; raises ModelError where the file is none, or of no task's outputs."""
    try:
        import keras  # noqa: PLC0415 - heavy

        from converter.training import votes  # noqa: PLC0415, F401 - registers its class
    except ImportError:
        raise EdgegateError("Keras is not installed, and this needs it; from a clone, pip install '.[train]'") from None
    try:
        model = keras.models.load_model(file, compile=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{file}: cannot be loaded as a Keras model ({reason}); name what train wrote") from None
    task_of(model, file)
    body = file.parent / BODY
    return Folded(body, model) if body.is_dir() else model


def task_of(model: Any, file: Path) -> Task:
    """As its outputs say; raises ModelError where they are no task's."""
    names = frozenset(model.output) if isinstance(model.output, dict) else frozenset()
    if names not in TASKS:
        raise ModelError(f"{file}: its outputs are those of no design, such as class and box; name what train wrote")
    return TASKS[names]


def size_of(model: Any) -> tuple[int, int]:
    """Width and height of the pictures that it takes."""
    if isinstance(model, Folded):
        return model.pixels, model.pixels
    height, width = model.inputs[0].shape[1:3]
    return int(width), int(height)
