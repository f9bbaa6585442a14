"""Is the .tflite still the network that was trained, and is that good enough? Measured on images held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from converter.architectures.backbone import Task
from converter.data.dataset import Dataset, Sample
from converter.evaluation.budgets import Budgets
from converter.evaluation.constants import box_constant, cannot_fail, class_constant
from converter.tflite import guards, runtime
from converter.tflite.answers import Answers, Floats, Whole, iou
from converter.tflite.calibration import picture
from edgegate.errors import UsageError
from edgegate.recognition.thresholds import rate_bound
from edgegate.types import Image

KERAS = "keras"
"""The name of the trained network itself beside its variants."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Test images with their truth: pictures (n, height, width, 3) RGB uint8, labels (n,), and boxes (n, 4), 0 where
    there is none.
    """

    samples: tuple[Sample, ...]
    pictures: Image
    labels: Whole
    boxes: Floats
    boxed: npt.NDArray[np.bool_]
    """(n,) bool: whether there is a box."""
    named_only: bool = False
    """True if boxes are measured of people of a class only: courses pull the boxes of others to 0."""

    @property
    def placed(self) -> npt.NDArray[np.bool_]:
        """(n,) bool: whether there is a box that the network's is measured by."""
        return self.boxed & (self.labels != 0) if self.named_only else self.boxed

    def only(self, chosen: Sequence[int]) -> HeldOut:
        samples = tuple(self.samples[index] for index in chosen)
        rows = list(chosen)
        return HeldOut(
            samples, self.pictures[rows], self.labels[rows], self.boxes[rows], self.boxed[rows], self.named_only
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one variant on the held-out images; shares are 0…1. What only a .tflite has is None for Keras."""

    variant: str
    accuracy: float
    mean_iou: float | None
    """Against the true boxes, where there is one; None of a classifier, which gives none."""
    strangers: int
    """Images of class 0 with somebody in them: of people, and shootings, that are not in the training images."""
    false_accepts: int
    """Of those, how many were given some person's class with the threshold or more."""
    empty: int
    """Images of nobody."""
    empty_accepts: int
    class_agreement: float | None = None
    """The share of images whose likeliest class is the Keras model's."""
    box_agreement: float | None = None
    """Mean IoU with the Keras model's boxes, where there is a true one."""
    class_constant: float | None = None
    """The class agreement of a network that always gives the Keras model's commonest class."""
    box_constant: float | None = None
    """The box agreement of a network that always gives the same box."""
    size_mb: float | None = None
    """In millions of bytes, as sizes of downloads are given."""
    latency_ms: float | None = None
    memory_mb: float | None = None

    @property
    def false_accept_bound(self) -> float:
        """The upper end of the 95 % interval of the false-accept rate."""
        return rate_bound(self.false_accepts, self.strangers)

    def by_name(self) -> dict[str, Any]:
        return asdict(self) | {"false_accept_bound": self.false_accept_bound}


@dataclass(frozen=True, slots=True, eq=False)
class Verified:
    """One .tflite, what it answered, its figures, and every budget it misses, a line each."""

    variant: str
    blob: bytes
    answers: Answers
    figures: Figures
    misses: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.misses

    def as_json(self) -> dict[str, Any]:
        return {"passed": self.passed, "figures": self.figures.by_name(), "misses": list(self.misses)}


@dataclass(frozen=True, slots=True)
class RefusedVariant:
    """A variant that could not be made, or failed a guard."""

    variant: str
    reason: str

    @property
    def misses(self) -> tuple[str, ...]:
        return (self.reason,)

    @property
    def passed(self) -> bool:
        return False


def held_out(dataset: Dataset, width: int, height: int | None = None) -> HeldOut:
    """The test images, as the daemon would `stretch` them; raises UsageError if there are none."""
    samples = dataset.splits["test"]
    if not samples:
        raise UsageError("the dataset has no test images, so nothing can be verified; prepare it with more shootings")
    return HeldOut(
        samples,
        np.stack([picture(str(sample.image), width, height) for sample in samples]),
        np.array([sample.label for sample in samples], np.int64),
        np.array([sample.box or (0, 0, 0, 0) for sample in samples], np.float32),
        np.array([sample.box is not None for sample in samples]),
    )


def verify(variant: str, blob: bytes, outputs: Mapping[str, Floats], truth: HeldOut, budgets: Budgets) -> Verified:
    """Run the .tflite in a process of its own, and judge it; `outputs` are the Keras model's on the same pictures.

    Raises ModelError where the file does not run, or fails one of the guards.
    """
    reference = Answers.of(outputs)
    task: Task = "tracker" if reference.boxed else "classifier"
    run = runtime.run(blob, truth.pictures, reference.classes.shape[1], task=task)
    return judge(variant, blob, run, reference, truth, budgets)


def judge(
    variant: str, blob: bytes, run: runtime.Run, reference: Answers, truth: HeldOut, budgets: Budgets
) -> Verified:
    """Put what a .tflite answered through the guards, and its figures against the budgets; raises ModelError."""
    guards.check_input(blob, variant)
    guards.check_answers(variant, run.answers, reference)
    figures = measure(variant, run.answers, truth, budgets.threshold, reference, run, len(blob))
    return Verified(variant, blob, run.answers, proven(figures, budgets), tuple(missed(figures, budgets)))


def measure(
    variant: str,
    answers: Answers,
    truth: HeldOut,
    threshold: float,
    reference: Answers | None = None,
    run: runtime.Run | None = None,
    size: int | None = None,
) -> Figures:
    """Against the truth, and where there is a `reference` against that."""
    strangers, empty = (truth.labels == 0) & truth.boxed, ~truth.boxed
    accepted = (answers.labels != 0) & (answers.confidence >= threshold)
    return Figures(
        variant=variant,
        accuracy=float((answers.labels == truth.labels).mean()),
        mean_iou=_mean(iou(answers.boxes, truth.boxes)[truth.placed]) if answers.boxed else None,
        strangers=int(strangers.sum()),
        false_accepts=int((accepted & strangers).sum()),
        empty=int(empty.sum()),
        empty_accepts=int((accepted & empty).sum()),
        class_agreement=None if reference is None else float((answers.labels == reference.labels).mean()),
        box_agreement=_mean(iou(answers.boxes, reference.boxes)[truth.placed]) if reference and answers.boxed else None,
        class_constant=None if reference is None else class_constant(reference),
        box_constant=None if reference is None else box_constant(reference, truth.placed),
        size_mb=None if size is None else size / 1e6,
        latency_ms=None if run is None else run.latency_ms,
        memory_mb=None if run is None else run.memory_mb,
    )


class Measured(Protocol):
    def by_name(self) -> dict[str, Any]: ...


def missed(figures: Measured, budgets: Budgets) -> list[str]:
    """A line for every budget that is not kept, or that nothing could miss; none, and the variant may be used.

    What does not apply to a task is kept.
    """
    values, lines = figures.by_name(), []
    for name, limit, least in budgets.limits():
        value = values.get(name)
        if limit is not None and value is not None and not (value >= limit if least else value <= limit):
            lines.append(f"{name} is {value:.4g}, its budget at {'least' if least else 'most'} {limit:g}")
        elif reason := cannot_fail(name, limit, values):
            lines.append(reason)
    return lines


def proven(figures: Figures, budgets: Budgets) -> Figures:
    """Without an agreement that keeps its budget and could not miss it: that is not measured."""
    vain: dict[str, Any] = {}
    for name, limit, _ in budgets.limits():
        if cannot_fail(name, limit, figures.by_name()) and limit is not None and getattr(figures, name) >= limit:
            vain[name] = None
    return replace(figures, **vain)


class JudgedVariant(Protocol):
    """A variant that was judged: `Verified`, or another task's."""

    @property
    def variant(self) -> str: ...
    @property
    def misses(self) -> tuple[str, ...]: ...
    @property
    def passed(self) -> bool: ...


Judged = TypeVar("Judged", bound=JudgedVariant)


def choose(candidates: Sequence[Judged | RefusedVariant]) -> tuple[Judged | None, str]:
    """The first that keeps its budgets, and why it and no earlier one, in a sentence."""
    refusals = [f"{one.variant} misses: {', '.join(one.misses)}" for one in candidates if not one.passed]
    chosen = next((one for one in candidates if not isinstance(one, RefusedVariant) and one.passed), None)
    if chosen is None:
        return None, f"no variant keeps its budgets; {'; '.join(refusals)}"
    before = refusals[: candidates.index(chosen)]
    reason = f"{chosen.variant} keeps every budget"
    return chosen, f"{reason}; {'; '.join(before)}" if before else f"{reason} and is preferred"


def _mean(values: Floats) -> float:
    """0 where there is nothing to take it of: a network is not good at what it was not asked."""
    return float(values.mean()) if len(values) else 0.0
