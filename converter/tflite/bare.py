"""A .tflite without a pack around it: its task, input and outputs as its signature says them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from converter.tflite import runtime
from converter.tflite.signature import read
from edgegate.errors import ModelError
from edgegate.vision.packs import InputSpec, Pack, Task

Shape = tuple[int, ...]

TASKS: Mapping[frozenset[str], Task] = {
    frozenset({"class", "box"}): "tracker",
    frozenset({"class_probs"}): "classifier",
}


class BareFile(Pack):
    """A pack that is its model and no more: `folder` is the file."""

    @property
    def model(self) -> Path:
        return self.folder


def bare_file(file: Path, labels: tuple[str, ...], margin: float) -> BareFile:
    """Reads the signature of a tracker or a classifier, and lets it run once in a process of its own.

    `margin` is how a classifier's faces are cut out, which no file says. Raises ModelError.
    """
    try:
        blob = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file}: cannot be read: {error.strerror}") from None
    inputs, outputs = _signature(blob, file)
    task = TASKS.get(frozenset(outputs))
    if task is None or len(inputs) != 1:
        said = ", ".join(sorted(outputs)) or "none"
        raise ModelError(f"{file}: its outputs are {said}, not class and box, or class_probs; name what quantize wrote")
    shape = next(iter(inputs.values()))
    if len(shape) != 4 or shape[0] != 1 or min(shape[1:3]) < 1 or shape[3] != 3:
        raise ModelError(f"{file}: its input is {shape}, not one picture in colour; name what quantize wrote")
    classes = outputs["class" if task == "tracker" else "class_probs"]
    if classes != (1, len(labels)):
        raise ModelError(f"{file}: it has classes of shape {classes}, and --labels names {len(labels)}; name them all")
    _try(blob, shape, len(labels), task, file)
    spec = InputSpec(shape[2], shape[1], 0, 255, "rgb", margin=margin if task == "classifier" else None)
    return BareFile(file, task, hashlib.sha256(blob).hexdigest(), spec, outputs, "", labels)


def _signature(blob: bytes, file: Path) -> tuple[dict[str, Shape], dict[str, Shape]]:
    """Shapes of inputs and outputs by name."""
    model = read(blob, str(file))
    if not model.signatureDefs:
        raise ModelError(f"{file}: it has no signature that names its outputs; name what quantize wrote")
    signature = model.signatureDefs[0]
    try:
        tensors = model.subgraphs[signature.subgraphIndex].tensors
        return _shapes(signature.inputs, tensors), _shapes(signature.outputs, tensors)
    except (AttributeError, IndexError, TypeError, UnicodeDecodeError, ValueError) as error:
        raise ModelError(f"{file}: its signature is damaged ({error}); convert the model again") from None


def _shapes(named: Any, tensors: Any) -> dict[str, Shape]:
    return {bytes(one.name).decode(): tuple(map(int, tensors[one.tensorIndex].shape)) for one in named or ()}


def _try(blob: bytes, shape: Shape, count: int, task: Task, file: Path) -> None:
    """A damaged file may not raise but end the process: it must not be this one."""
    grey = np.full(shape, 127, np.uint8)
    try:
        runtime.run(blob, grey, count, task="tracker" if task == "tracker" else "classifier")
    except ModelError as error:
        raise ModelError(f"{file}: {error}") from None
