"""A dataset's content, and what preparing it did, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from converter.data.dataset import SPLITS, Dataset
from converter.data.prepare import Prepared


def counts(dataset: Dataset) -> dict[str, Any]:
    """Pictures and shootings, by split and class name."""
    result: dict[str, Any] = {}
    for split in SPLITS:
        samples = dataset.splits[split]
        pictures = Counter(sample.label for sample in samples)
        groups = Counter(label for label, _ in {(sample.label, sample.group) for sample in samples})
        result[split] = {
            name: {"pictures": pictures[number], "shootings": groups[number]}
            for number, name in enumerate(dataset.classes)
        }
    return result


def table(dataset: Dataset) -> Iterator[str]:
    """A line for each class: its pictures, and of how many shootings, in each split."""
    rows, width = counts(dataset), max(map(len, dataset.classes))
    for name in dataset.classes:
        cells = (f"{split} {_cell(rows[split][name])}" for split in SPLITS)
        yield f"{name:{width}}  " + "  ".join(cells)


def remarks(prepared: Prepared) -> Iterator[str]:
    """Returns what its owner may not expect; mostly nothing."""
    if prepared.merged:
        yield f"{prepared.merged} shootings were joined to others, for pictures of theirs look nearly the same"
    if prepared.as_given:
        yield "the photos came split into training, validation and test, and stay so"
    if prepared.alike:
        yield f"{prepared.alike} test pictures look nearly the same as one of training: figures on them flatter"
    if prepared.faceless:
        yield f"{prepared.faceless} pictures of strangers count as nobody's, for no face is found in them"
    if prepared.left_out:
        yield f"{prepared.left_out} photos of people are left out, for no face is found in them"


def _cell(row: dict[str, int]) -> str:
    return f"{row['pictures']:5d} of {row['shootings']:3d} shootings"
