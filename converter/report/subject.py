"""The subject of a report, and every figure in it, as a document that JSON can hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from converter.evaluation.budgets import Budgets
from converter.evaluation.fidelity import KERAS, Figures, HeldOut, RefusedVariant, Verified, choose, measure
from converter.evaluation.metrics import box_row, class_rows, confusion, macro_f1
from converter.report import learning
from converter.tflite.answers import Answers, iou
from converter.training.history import Epoch
from edgegate import __version__
from edgegate.recognition.thresholds import rate_bound

SCHEMA = 1


@dataclass(frozen=True, slots=True, eq=False)
class ReportedTracker:
    """A trained network, what was made of it in the order of preference, and the images it is judged on."""

    name: str
    design: str
    classes: tuple[str, ...]
    truth: HeldOut
    keras: Answers
    candidates: Sequence[Verified | RefusedVariant]
    budgets: Budgets
    train_images: int
    provenance: str | None = None
    """Of a network that was trained elsewhere: a sentence in place of what its training has seen."""
    history: Sequence[Epoch] = ()
    """Of the training, where it is known."""

    @property
    def chosen(self) -> Verified | None:
        return choose(self.candidates)[0]

    @property
    def grade(self) -> str:
        """Returns what the daemon asks for: `passed` or `failed`."""
        return "passed" if self.chosen else "failed"

    @property
    def best(self) -> Verified | None:
        """The first variant that ran, whatever budget it misses."""
        return next((one for one in self.candidates if isinstance(one, Verified)), None)

    @property
    def shown(self) -> tuple[str, Answers]:
        """Name and answers of what the details are about: the chosen variant, or else the best that ran."""
        best = self.chosen or self.best
        return (best.variant, best.answers) if best else (KERAS, self.keras)

    def figures(self) -> Iterator[Figures]:
        """Of the Keras model first, then of every variant that ran."""
        yield measure(KERAS, self.keras, self.truth, self.budgets.threshold)
        for one in self.candidates:
            if isinstance(one, Verified):
                yield one.figures


def document(subject: ReportedTracker) -> dict[str, Any]:
    """Everything the report says, but for the pictures; shares are 0…1."""
    variant, answers = subject.shown
    truth, threshold = subject.truth, subject.budgets.threshold
    counts = confusion(truth.labels, answers.labels, len(subject.classes))
    return {
        "schema": SCHEMA,
        "edgegate": __version__,
        "name": subject.name,
        "design": subject.design,
        "grade": subject.grade,
        "reason": choose(subject.candidates)[1],
        "variant": variant,
        "classes": list(subject.classes),
        "images": {"train": subject.train_images, "test": len(truth.labels)},
        "provenance": subject.provenance,
        "threshold": threshold,
        "budgets": subject.budgets.model_dump(),
        "accuracy": float(counts.trace() / counts.sum()),
        "macro_f1": macro_f1(counts),
        "confusion": counts.tolist(),
        "by_class": [asdict(row) for row in class_rows(subject.classes, truth.labels, answers, threshold)],
        "boxes": asdict(box_row(iou(answers.boxes, truth.boxes)[truth.placed])) if answers.boxed else None,
        "strangers": _strangers(measure(variant, answers, truth, threshold)) | _shootings(subject, answers),
        "by_camera": list(_by_camera(subject, answers)),
        "variants": [row.by_name() for row in subject.figures()],
        "history": learning.document(subject.history),
        "misses": {one.variant: list(one.misses) for one in subject.candidates},
    }


def card(document: dict[str, Any]) -> dict[str, Any]:
    """The few figures that go into a pack's card."""
    chosen = next(row for row in document["variants"] if row["variant"] == document["variant"])
    names = ("accuracy", "mean_iou", "class_agreement", "box_agreement", "false_accept_bound")
    strangers = document["strangers"]
    return {
        "grade": document["grade"],
        "variant": document["variant"],
        "measured_on": f"{document['images']['test']} images held out, {strangers['images']} of them of strangers",
        "threshold": document["threshold"],
        **{name: round(chosen[name], 5) for name in names if chosen[name] is not None},
        "macro_f1": round(document["macro_f1"], 5),
    }


def _strangers(row: Figures) -> dict[str, Any]:
    return {
        "images": row.strangers,
        "false_accepts": row.false_accepts,
        "false_accept_bound": row.false_accept_bound,
        "empty_images": row.empty,
        "empty_accepts": row.empty_accepts,
        "empty_bound": rate_bound(row.empty_accepts, row.empty),
    }


def _shootings(subject: ReportedTracker, answers: Answers) -> dict[str, Any]:
    """Of strangers: pictures of one shooting resemble each other, so it is counted as one trial too."""
    labels, sure = answers.labels, answers.confidence >= subject.budgets.threshold
    accepted: dict[str, bool] = {}
    for index, sample in enumerate(subject.truth.samples):
        if sample.label == 0 and sample.box is not None:
            accepted[sample.group] = accepted.get(sample.group, False) or bool(labels[index] != 0 and sure[index])
    count = sum(accepted.values())
    return {
        "shootings": len(accepted),
        "shootings_accepted": count,
        "shootings_bound": rate_bound(count, len(accepted)),
    }


def _by_camera(subject: ReportedTracker, answers: Answers) -> Iterator[dict[str, Any]]:
    """A row for each camera, where the photos say which; nothing where they all say the same, or none does."""
    cameras = [sample.camera for sample in subject.truth.samples]
    known = sorted({camera for camera in cameras if camera})
    for name in [*known, *([None] if None in cameras else [])] if len(set(cameras)) > 1 else []:
        chosen = [index for index, camera in enumerate(cameras) if camera == name]
        part = subject.truth.only(chosen)
        row = measure(
            str(name), Answers(answers.classes[chosen], answers.boxes[chosen]), part, subject.budgets.threshold
        )
        yield {"camera": name, "images": len(chosen), **row.by_name()}
