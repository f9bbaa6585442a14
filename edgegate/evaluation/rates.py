"""From comparisons to error rates, and how far they can be trusted: a bootstrap over people.

Comparisons of the same people resemble one another, so that counting them as independent would promise too much.
People are drawn again, with replacement; a genuine score then weighs as often as its person was drawn, a stranger's
as often as its two people were together. In every resample the thresholds are found again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgegate.evaluation.comparisons import Comparisons
from edgegate.evaluation.split import Indices
from edgegate.recognition.thresholds import rate_bound

Numbers = npt.NDArray[np.float64]

DECADES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
RESAMPLES = 1000
SEED = 20240229

_Watch = Callable[[Iterable[int]], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Point:
    """The effect of one threshold. `true_accepts` of `genuine` comparisons reach it, `false_accepts` of all strangers'.

    `wanted` is the false-accept rate that the threshold was looked for: the lowest that lets no more than that in.
    """

    wanted: float
    threshold: float
    true_accepts: int
    genuine: int
    false_accepts: int

    @property
    def true_accept_rate(self) -> float:
        return self.true_accepts / self.genuine if self.genuine else math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """One row a resample, one column a point: the threshold found again, and the true-accept rate at it.

    `with_missed` counts probes without a usable face as refused; `false_accept_rate` is at the point's own, fixed
    threshold.
    """

    threshold: Numbers
    true_accept_rate: Numbers
    with_missed: Numbers
    false_accept_rate: Numbers


def carried(rates: Sequence[float], found: Comparisons) -> list[float]:
    """Those rates that the counts carry: at which at least one comparison of strangers may be accepted."""
    kept = len(found.tail.scores)
    enough = kept if found.complete else kept / 2  # a resample may weigh the tail more heavily
    return [rate for rate in rates if _allowed(rate, found.impostors) >= 1 and rate * found.impostors <= enough]


def point(found: Comparisons, rate: float) -> Point:
    """The lowest threshold at which strangers are accepted at most at this rate."""
    allowed = _allowed(rate, found.impostors)
    tail = found.tail.scores
    return at_threshold(found, next_above(tail[allowed]) if allowed < len(tail) else float(tail[-1]), rate)


def at_threshold(found: Comparisons, threshold: float, wanted: float = math.nan) -> Point:
    """Returns what a given threshold does."""
    accepted = int(np.count_nonzero(found.genuine.scores.astype(np.float64) >= threshold))
    false = int(np.count_nonzero(found.tail.scores.astype(np.float64) >= threshold))
    return Point(wanted, threshold, accepted, len(found.genuine.scores), false)


def next_above(score: np.float32) -> float:
    """The lowest threshold that refuses a score."""
    return float(np.nextafter(np.float32(score), np.float32(np.inf)))


def resample(
    found: Comparisons, points: Sequence[Point], *, resamples: int = RESAMPLES, seed: int = SEED, watch: _Watch = iter
) -> Resampled:
    """Draw the people again `resamples` times, the same for the same seed; `watch` wraps the count, to show it."""
    if not points:
        return Resampled(*np.empty((4, resamples, 0)))
    people = len(found.split.persons)
    draw = np.random.default_rng(seed)
    scored = _Scored(found)
    rates = np.array([one.wanted for one in points])
    accepted = np.array([np.count_nonzero(found.tail.scores.astype(np.float64) >= one.threshold) for one in points])
    rows = np.full((4, resamples, len(points)), np.nan)
    for index in watch(range(resamples)):
        weights = np.bincount(draw.integers(0, people, people), minlength=people).astype(np.float64)
        rows[:, index] = scored.under(weights, rates, accepted)
    return Resampled(*rows)


class _Scored:
    """Scores in the order that makes a resample two cumulated sums."""

    def __init__(self, found: Comparisons) -> None:
        split = found.split
        order = np.argsort(found.genuine.scores)
        self._genuine, self._owner = found.genuine.scores[order], found.genuine.person[order]
        self._missed = _count_by_person(split.missed.person, len(split.persons))
        self._tail = found.tail.scores
        self._of_template = split.templates.person[found.tail.template]
        self._of_probe = split.probes.person[found.tail.probe]
        self._templates = _count_by_person(split.templates.person, len(split.persons))
        self._probes = _count_by_person(split.probes.person, len(split.persons))

    def under(self, weights: Numbers, rates: Numbers, accepted: npt.NDArray[np.int64]) -> Numbers:
        """The four figures of `Resampled`, (4, points), with people weighing so much; NaN where none is left."""
        templates, probes = weights * self._templates, weights * self._probes
        impostors = float(templates.sum() * probes.sum() - templates @ probes)
        genuine = np.concatenate([[0.0], np.cumsum(weights[self._owner])])
        if impostors <= 0 or genuine[-1] <= 0:
            return np.full((4, len(rates)), np.nan)
        tail = np.cumsum(weights[self._of_template] * weights[self._of_probe])
        refused = np.searchsorted(tail, np.floor(rates * impostors + 1e-9), side="right").clip(max=len(tail) - 1)
        highest = self._tail[refused]  # the highest score that must not get in
        taken = genuine[-1] - genuine[np.searchsorted(self._genuine, highest, side="right")]
        missed = float(weights @ self._missed)
        let_in = np.where(accepted > 0, tail[accepted - 1], 0.0)
        return np.stack([highest, taken / genuine[-1], taken / (genuine[-1] + missed), let_in / impostors])


def _count_by_person(person: Indices, people: int) -> Numbers:
    return np.bincount(person, minlength=people).astype(np.float64)


def interval(values: Numbers) -> tuple[float, float] | None:
    """The middle 95 % of resampled values; None where no resample had any."""
    present = values[~np.isnan(values)]
    return None if not present.size else (float(np.quantile(present, 0.025)), float(np.quantile(present, 0.975)))


def lower_bound(values: Numbers, errors: int, people: int) -> float:
    """The lower end of the one-sided 95 % interval of a rate of successes.

    Where not one failed there is nothing to resample: then no more than the rule of three promises, with people
    counted rather than comparisons.
    """
    present = values[~np.isnan(values)]
    bound = float(np.quantile(present, 0.05)) if present.size else 0.0
    return bound if errors else min(bound, 1 - rate_bound(0, people))


def upper_bound(values: Numbers, errors: int, trials: int) -> float:
    """The upper end of the one-sided 95 % interval of an error rate.

    Where there was no error, the rule of three, as if the trials were independent.
    """
    present = values[~np.isnan(values)]
    if not errors or not present.size:
        return rate_bound(errors, trials)
    return float(np.quantile(present, 0.95))


def share_bounds(hits: Indices | npt.NDArray[np.bool_], person: Indices, *, seed: int = SEED) -> tuple[float, float]:
    """One-sided 95 % bounds, lower and upper, of a share of trials, by resampling the people they are of.

    With no hits or no misses the side that cannot be resampled is the rule of three over the people. (0, 1) without
    trials.
    """
    if not len(hits):
        return 0.0, 1.0
    _, index = np.unique(person, return_inverse=True)
    people = int(index.max()) + 1
    yes, all_of = np.bincount(index, hits, people), np.bincount(index, minlength=people)
    draw = np.random.default_rng(seed)
    shares = []
    for _ in range(RESAMPLES):
        chosen = draw.integers(0, people, people)
        shares.append(yes[chosen].sum() / all_of[chosen].sum())
    low, high = np.quantile(shares, (0.05, 0.95))
    three = rate_bound(0, people)
    count = int(np.sum(hits))
    return (
        min(float(low), 1 - three) if count == len(hits) else float(low),
        max(float(high), three) if count == 0 else float(high),
    )


def _allowed(rate: float, impostors: int) -> int:
    """Returns how many of so many strangers' comparisons a rate allows; forgiving what binary fractions lose."""
    return math.floor(rate * impostors + 1e-9)
