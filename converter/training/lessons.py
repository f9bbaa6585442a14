"""Lessons for networks of each task: by which outputs, and in which order they see pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from converter.architectures.backbone import Task

EmbedderLoss: TypeAlias = Literal["triplet", "additive_margin"]
LOSSES: tuple[EmbedderLoss, ...] = get_args(EmbedderLoss)

EmptyBoxes: TypeAlias = Literal["ignore", "zero"]
EMPTY_BOXES: tuple[EmptyBoxes, ...] = get_args(EmptyBoxes)
"""The box of a picture without a face: it weighs nothing in the loss, or it is pulled to 0, 0, 0, 0."""

Order: TypeAlias = Callable[[npt.NDArray[np.int32], np.random.Generator], npt.NDArray[np.int64]]
"""From the pictures' labels to the order of one epoch, every picture once."""


def shuffled(labels: npt.NDArray[np.int32], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    return rng.permutation(len(labels))


@dataclass(frozen=True, slots=True)
class ByPerson:
    """Pictures of one person side by side, `together` of them at most: triplets want several in a batch."""

    together: int

    def __call__(self, labels: npt.NDArray[np.int32], rng: np.random.Generator) -> npt.NDArray[np.int64]:
        groups = []
        for label in np.unique(labels):
            rows = rng.permutation(np.flatnonzero(labels == label))
            groups += np.array_split(rows, -(-len(rows) // self.together))
        rng.shuffle(groups)
        return np.concatenate(groups)


@dataclass(frozen=True, slots=True)
class Lesson:
    """`outputs` have a loss each: `box` is compared with boxes, all others with labels."""

    outputs: tuple[str, ...]
    order: Order = shuffled
    unheard: Mapping[Literal["train", "valid"], tuple[str, ...]] = field(default_factory=dict)
    """Outputs whose loss counts for nothing in a split."""
    empty_boxes: EmptyBoxes = "ignore"


TRACKER = Lesson(("class", "box"))
CLASSIFIER = Lesson(("class_probs",))


def lesson_of(
    task: Task, loss: EmbedderLoss = "triplet", together: int = 4, empty_boxes: EmptyBoxes = "ignore"
) -> Lesson:
    """With an additive margin, an embedder learns by a further output, `identity`, that tells the people of the
    training apart. People of the validation are none of them: there, both losses are the triplets'.
    """
    if task != "embedder":
        return CLASSIFIER if task == "classifier" else replace(TRACKER, empty_boxes=empty_boxes)
    if loss == "triplet":
        return Lesson(("embedding",), ByPerson(together))
    unheard: Mapping[Literal["train", "valid"], tuple[str, ...]] = {"train": ("embedding",), "valid": ("identity",)}
    return Lesson(("embedding", "identity"), ByPerson(together), unheard)
