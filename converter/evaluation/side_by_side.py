"""Compares packs of one task on one test set: each is asked as at the door, in turn, so that times are a ratio."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from converter.architectures.backbone import Task
from converter.data.dataset import Dataset
from converter.evaluation.fidelity import measure
from converter.evaluation.metrics import confusion, macro_f1
from converter.evaluation.pairs import measure_pairs
from converter.evaluation.tested import TestedPack
from converter.tflite import runtime
from converter.tflite.answers import Answers, Floats
from edgegate import app
from edgegate.clock import Clock
from edgegate.config import Config
from edgegate.errors import ModelError, UsageError
from edgegate.system.progress import progress
from edgegate.types import Image
from edgegate.vision.embed import Embedder
from edgegate.vision.packs import Pack
from edgegate.vision.tflite import Model

WARM_UP = 3
"""Pictures that each pack is asked about before its time counts."""

SCHEMA = 1

_OUTPUTS: Mapping[str, tuple[Task, str]] = {
    "tracker": ("tracker", "class"),
    "classifier": ("classifier", "class_probs"),
    "embedder": ("embedder", "embedding"),
}
"""The task of a pack as the converter has it, and the output that has a number a class, or an embedding."""


def compare_packs(tested: Sequence[TestedPack], dataset: Dataset, config: Config, clock: Clock) -> dict[str, Any]:
    """Returns a row a pack, in the order given; raises ModelError where one cannot run."""
    memory = [_memory(one) for one in tested]  # first: what crashes the runtime must not crash it in this process
    outputs, milliseconds = _ask_in_turn(tested, clock)
    rows = []
    for one, answers, times, megabytes in zip(tested, outputs, milliseconds, memory, strict=True):
        size = one.pack.model.stat().st_size / 1e6
        cost = {"size_mb": size, "latency_ms": statistics.median(times), "memory_mb": megabytes}
        found = _pairs(one, answers) if one.pack.task == "embedder" else _classes(one, answers, dataset, config)
        rows.append({"pack": one.name, "sha256": one.pack.sha256} | found | cost)
    truth = tested[0].truth
    return {
        "schema": SCHEMA,
        "task": tested[0].pack.task,
        "images": len(truth.labels),
        "left_out": len(dataset.splits["test"]) - len(truth.labels),
        "strangers": int(((truth.labels == 0) & truth.boxed).sum()),
        "classes": list(dataset.classes),
        "packs": rows,
    }


class _Asked:
    """A pack's model in this process, asked as at the door: an embedder about a face and its mirror image."""

    def __init__(self, pack: Pack) -> None:
        model = Model(pack)
        self._embedder = Embedder(model) if pack.task == "embedder" else None
        self._model, self._reversed = model, pack.input.colour == "bgr"

    def ask(self, pixels: Image) -> dict[str, Floats]:
        if self._embedder is not None:
            return {"embedding": self._embedder.embed(pixels)[None]}
        return self._model.run(np.ascontiguousarray(pixels[..., ::-1]) if self._reversed else pixels)


def _ask_in_turn(tested: Sequence[TestedPack], clock: Clock) -> tuple[list[dict[str, Floats]], list[list[float]]]:
    """The answers of each, stacked by name, and the milliseconds of each picture."""
    models = [_Asked(one.pack) for one in tested]
    for one, model in zip(tested, models, strict=True):
        for pixels in one.truth.pictures[:WARM_UP]:
            model.ask(pixels)
    answers: list[list[dict[str, Floats]]] = [[] for _ in tested]
    milliseconds: list[list[float]] = [[] for _ in tested]
    for index in progress(range(len(tested[0].truth.labels)), "comparing", "picture"):
        for number, (one, model) in enumerate(zip(tested, models, strict=True)):
            started = clock.monotonic()
            answers[number].append(model.ask(one.truth.pictures[index]))
            milliseconds[number].append((clock.monotonic() - started) * 1000)
    stacked = [{name: np.concatenate([one[name] for one in of_pack]) for name in of_pack[0]} for of_pack in answers]
    return stacked, milliseconds


def _memory(one: TestedPack) -> float:
    """The megabytes that runtime and model add to a process of their own."""
    task, output = _OUTPUTS[one.pack.task]
    blob, count = one.pack.model.read_bytes(), one.pack.outputs[output][1]
    try:
        return runtime.run(blob, one.truth.pictures[:1], count, task=task).memory_mb
    except ModelError as error:
        raise ModelError(f"model pack {one.pack.name}: {error}") from None


def _classes(one: TestedPack, outputs: dict[str, Floats], dataset: Dataset, config: Config) -> dict[str, Any]:
    """Figures of a tracker or a classifier, its classes by their names."""
    labels, known = one.pack.labels, list(dataset.classes)
    strange = [name for name in labels if name not in known]
    answers = Answers.of(outputs)
    columns = [(known + strange).index(name) for name in labels]
    spread: Floats = np.zeros((len(answers.classes), len(known) + len(strange)), np.float32)
    spread[:, columns] = answers.classes
    renamed = Answers(spread, answers.boxes)
    threshold = app.least_confidence(config, one.pack)
    figures = measure(one.name, renamed, one.truth, threshold)
    return {
        "accuracy": figures.accuracy,
        "macro_f1": macro_f1(confusion(one.truth.labels, renamed.labels, len(known) + len(strange))),
        "mean_iou": figures.mean_iou,
        "threshold": threshold,
        "false_accepts": figures.false_accepts,
        "false_accept_bound": figures.false_accept_bound,
        "lacks": [name for name in known if name not in labels],
        "not_in_dataset": strange,
    }


def _pairs(one: TestedPack, outputs: dict[str, Floats]) -> dict[str, Any]:
    """Siamese figures of an embedder; raises UsageError where there are no pairs of either kind."""
    _, counts = np.unique(one.truth.labels, return_counts=True)
    if len(counts) < 2 or counts.max() < 2:
        raise UsageError(
            "the dataset's test images have no pairs of one person and of two; prepare it with more people"
        )
    figures = measure_pairs(one.name, outputs["embedding"], one.truth).by_name()
    return {name: figures[name] for name in ("people", "genuine", "impostor", "order", "equal_error", "accepted")}
