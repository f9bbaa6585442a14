"""Metrics of a tracker: how often it is right, and in which way it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from converter.tflite.answers import Answers, Floats, Whole

HISTOGRAM_BINS = 20


@dataclass(frozen=True, slots=True)
class ClassRow:
    """The threshold's effect on one class's images: each is counted once in the last four."""

    name: str
    images: int
    recall: float
    precision: float
    f1: float
    accepted: int
    """Given their own class with the threshold or more; of class 0: given class 0, or nothing with the threshold."""
    refused: int
    """Given class 0, or nothing with the threshold: the door stays shut."""
    mistaken: int
    """Given another person's class with the threshold or more."""


@dataclass(frozen=True, slots=True)
class BoxRow:
    """The fit of boxes to the true ones, as IoU 0…1; `histogram` counts them in HISTOGRAM_BINS equal steps."""

    images: int
    mean: float
    median: float
    at_least_half: float
    at_least_three_quarters: float
    histogram: tuple[int, ...]


def confusion(labels: Whole, given: Whole, classes: int) -> Whole:
    """Counts (classes, classes): rows are the truth, columns what was given."""
    return np.bincount(labels * classes + given, minlength=classes**2).reshape(classes, classes)


def macro_f1(counts: Whole) -> float:
    """The mean F1 of the classes that occur, in the truth or in the answers."""
    present = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    return float(_f1(counts)[present].mean())


def class_rows(names: Sequence[str], labels: Whole, answers: Answers, threshold: float) -> list[ClassRow]:
    counts = confusion(labels, answers.labels, len(names))
    recall = _ratio(counts.diagonal(), counts.sum(axis=1))
    precision = _ratio(counts.diagonal(), counts.sum(axis=0))
    opened = np.where(answers.confidence >= threshold, answers.labels, 0)
    after = confusion(labels, opened, len(names))
    return [
        ClassRow(
            name,
            images=int(counts[index].sum()),
            recall=float(recall[index]),
            precision=float(precision[index]),
            f1=float(_f1(counts)[index]),
            accepted=int(after[index, index]),
            refused=int(after[index, 0]) if index else 0,
            mistaken=int(after[index, 1:].sum() - (after[index, index] if index else 0)),
        )
        for index, name in enumerate(names)
    ]


def box_row(ious: Floats) -> BoxRow:
    if not len(ious):
        return BoxRow(0, 0.0, 0.0, 0.0, 0.0, (0,) * HISTOGRAM_BINS)
    counts, _ = np.histogram(ious, HISTOGRAM_BINS, (0, 1))
    return BoxRow(
        images=len(ious),
        mean=float(ious.mean()),
        median=float(np.median(ious)),
        at_least_half=float((ious >= 0.5).mean()),
        at_least_three_quarters=float((ious >= 0.75).mean()),
        histogram=tuple(counts.tolist()),
    )


def _f1(counts: Whole) -> Floats:
    return _ratio(2 * counts.diagonal(), counts.sum(axis=0) + counts.sum(axis=1))


def _ratio(part: Whole, whole: Whole) -> Floats:
    """0 where there is nothing to divide by."""
    return np.divide(part, whole, out=np.zeros(len(whole), np.float32), where=whole > 0, casting="unsafe")
