"""Every template against every probe, by matrix products, in bounded memory.

There are far more comparisons of strangers than can be kept. What decides about false accepts is their upper tail,
which is kept whole, with the people each score is between; of all the others only a histogram is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgegate.evaluation.split import Indices, Split, Vectors

Floats = npt.NDArray[np.float32]

BINS = 400
"""Of the histograms, in equal steps of the cosine from -1 to 1."""

TAIL_SHARE = 0.02
"""Of all strangers' scores, the share that is kept whole: twice what a false-accept rate of 1e-2 needs, because a
resample of the people may weigh the tail more heavily."""
TAIL_LEAST = 300_000
"""So many are kept whatever their share."""

BLOCK = 1 << 22
"""Scores that are computed at a time."""

_Watch = Callable[[Iterable[slice]], Iterable[slice]]


@dataclass(frozen=True, slots=True, eq=False)
class Genuine:
    """Scores of people against their own templates, with the index of the person and of the probe's condition."""

    scores: Floats
    person: Indices
    condition: Indices


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """The highest scores of strangers, descending: between which template's and which probe's person."""

    scores: Floats
    template: Indices
    probe: Indices
    """Indices of templates and probes, not of people."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """All that is kept. `impostors` counts the comparisons of different people; `at_door` how many of each probe's
    reached the door's threshold; `best` is each probe's highest score with somebody else's template.
    """

    split: Split
    genuine: Genuine
    impostors: int
    histogram: npt.NDArray[np.int64]
    tail: Tail
    at_door: npt.NDArray[np.int64]
    best: Floats

    @property
    def complete(self) -> bool:
        """True if the tail is everything."""
        return len(self.tail.scores) == self.impostors


def compare(
    split: Split, door: float, watch: _Watch = iter, *, least: int = TAIL_LEAST, size: int = BLOCK
) -> Comparisons:
    """Score every pair; `door` is a threshold to count at, `watch` wraps the blocks, to show how far it is.

    The result is the same however large the blocks.
    """
    templates, probes = split.templates, split.probes
    impostors = count_impostors(templates.person, probes.person)
    tail = _TailKeeper(min(impostors, max(least, math.ceil(TAIL_SHARE * impostors))))
    genuine: list[tuple[Floats, Indices]] = []
    histogram = np.zeros(BINS, np.int64)
    at_door = np.zeros(len(probes), np.int64)
    best = np.full(len(probes), -np.inf, np.float32)
    for block in watch(_blocks(len(templates), len(probes), size)):
        scores = templates.rows[block] @ probes.rows.T
        own = templates.person[block, None] == probes.person[None, :]
        genuine.append((scores[own], np.nonzero(own)[1].astype(np.int32)))
        histogram += histogram_of(scores[~own])
        scores[own] = -np.inf
        at_door += np.count_nonzero(scores.astype(np.float64) >= door, axis=0)
        np.maximum(best, scores.max(axis=0, initial=-np.inf), out=best)
        tail.add(scores, block.start)
    which = np.concatenate([probe for _, probe in genuine])
    mine = Genuine(np.concatenate([s for s, _ in genuine]), probes.person[which], probes.condition[which])
    return Comparisons(split, mine, impostors, histogram, tail.done(), at_door, best)


def count_impostors(templates: Indices, probes: Indices) -> int:
    """Returns how many pairs are of different people, by the people's indices."""
    people = int(max(templates.max(initial=-1), probes.max(initial=-1))) + 1
    same = np.bincount(templates, minlength=people) @ np.bincount(probes, minlength=people)
    return len(templates) * len(probes) - int(same)


def histogram_of(scores: Floats) -> npt.NDArray[np.int64]:
    """Counts in `BINS` equal steps of -1…1."""
    steps = np.floor((scores + np.float32(1)) * np.float32(BINS / 2)).astype(np.int64)
    return np.bincount(steps.clip(0, BINS - 1), minlength=BINS)


def _blocks(templates: int, probes: int, size: int) -> list[slice]:
    step = max(1, size // max(probes, 1))
    return [slice(start, min(start + step, templates)) for start in range(0, templates, step)]


class _TailKeeper:
    """Keeps the `size` highest of ever more scores, at most three times as many at a time."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._scores = np.empty(0, np.float32)
        self._pairs = np.empty((2, 0), np.int32)
        self._floor = np.float32(-np.inf)

    def add(self, scores: Floats, first: int) -> None:
        """A block of templates from index `first` on, against all probes; -inf is no comparison."""
        template, probe = np.nonzero(scores > self._floor)
        pairs = np.stack([template + first, probe]).astype(np.int32)
        self._scores = np.concatenate([self._scores, scores[template, probe]])
        self._pairs = np.concatenate([self._pairs, pairs], axis=1)
        if len(self._scores) > 2 * self._size:
            self._keep(np.argpartition(self._scores, -self._size)[-self._size :])
            self._floor = self._scores.min()

    def done(self) -> Tail:
        order = np.lexsort((self._pairs[1], self._pairs[0], -self._scores))[: self._size]
        self._keep(order)
        return Tail(self._scores, self._pairs[0], self._pairs[1])

    def _keep(self, chosen: npt.NDArray[np.int64]) -> None:
        self._scores, self._pairs = self._scores[chosen], self._pairs[:, chosen]


def people_of(vectors: Vectors) -> int:
    """Returns how many people they are of."""
    return len(set(vectors.person.tolist()))
