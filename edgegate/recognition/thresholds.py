"""From a promised false-accept rate to the score a face must reach.

A pack's table says, for `photos` enrolled and `frames` pooled, which threshold let strangers' visits in at which
measured rate, on which data. A stranger is compared with everybody enrolled, so the promise for the door is divided
by the number of people (Boole's inequality). Several data sets can speak about the same row: each must be
satisfied, so the highest of their thresholds counts. Where one of them had too few trials to show the rate, the
promise is not carried, and the strictest threshold that was measured at all is used. Beyond what even the largest set
had trials for, its threshold goes on to rise with the logarithm of the rate, as steeply as over the last decades
measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_SPAN = 100.0
"""Two decades of rates: the slope with which a table is continued is taken over about so much."""

_NO_RATE = 1e-12


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """One measured operating point: `threshold` accepts at most `rate` of strangers' visits (95 % bound)."""

    data: str
    photos: int
    frames: int
    rate: float
    threshold: float
    trials: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least score that counts. `carried`: every data set had the trials to support the rate asked for."""

    value: float
    carried: bool
    measured_rate: float
    """The largest of the data sets' strictest applicable rates: what the numbers do show."""


class Table:
    """The threshold table of one embedder pack; raises ValueError when it has no rows or a column is missing."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self.rows = tuple(_row(columns) for columns in rows)
        if not self.rows:
            raise ValueError("no rows")

    def threshold(self, photos: int, frames: int, rate: float) -> Threshold:
        """The threshold for one comparison with one person who has `photos`, over `frames` pooled frames.

        Between measured counts the larger one counts, beyond the largest the largest: more photos and more frames
        both raise the scores of strangers.
        """
        chosen = [self._of_set(name, photos, frames, rate) for name in self._names()]
        measured_rate = max(row.rate for row in chosen)
        if measured_rate <= rate:
            return Threshold(max(row.threshold for row in chosen), carried=True, measured_rate=measured_rate)
        value = max(self._strictest(chosen), self._continued(min(chosen, key=lambda row: row.rate), rate))
        return Threshold(value, carried=False, measured_rate=measured_rate)

    def by_data(self) -> dict[str, Table]:
        """Each data set's rows as a table of their own, by its name: what would be in force without the others."""
        return {name: Table(asdict(row) for row in self.rows if row.data == name) for name in self._names()}

    def one_to_one(self, rate: float) -> float:
        """Returns what one picture must score against one other for strangers to pass at `rate`: a scale, no guarantee.

        It is for what else is compared (whether a face is still the same one) and speaks of the data set with the
        most trials alone. Each network has cosines of its own: another's would mean nothing.
        """
        largest = max(self.rows, key=lambda row: row.trials).data
        row = self._of_set(largest, 1, 1, rate)
        return self._continued(row, rate) if row.rate > rate else row.threshold

    def decade(self) -> float:
        """Returns the rise of a score by which ten times fewer strangers pass, `one_to_one`, from 1 % to 0.01 %."""
        return max(0.0, self.one_to_one(1e-4) - self.one_to_one(1e-2)) / 2

    def _names(self) -> list[str]:
        return sorted({row.data for row in self.rows})

    def _strictest(self, chosen: Sequence[OperatingPoint]) -> float:
        """The highest of any set up to these counts: who reached it with fewer would reach it with more."""
        photos = max(row.photos for row in chosen)
        frames = max(row.frames for row in chosen)
        return max(row.threshold for row in self.rows if row.photos <= photos and row.frames <= frames)

    def _continued(self, last: OperatingPoint, rate: float) -> float:
        """The threshold for a rate below the last one of a set and its counts: as steep as the set's longest column.

        Over the logarithm of the rate the tails of strangers' cosines flatten, so that a line is on the safe side.
        """
        if rate >= last.rate:
            return last.threshold
        end = min((row for row in self.rows if row.data == last.data), key=lambda row: row.rate)
        column = [row for row in self.rows if (row.data, row.photos, row.frames) == (end.data, end.photos, end.frames)]
        start = min(column, key=lambda row: abs(math.log(row.rate / end.rate / _SPAN)))
        if start.rate < end.rate * _SPAN / 2:  # too few trials to draw a line through
            return last.threshold
        slope = max(0.0, end.threshold - start.threshold) / math.log(start.rate / end.rate)
        return min(1.0, last.threshold + slope * math.log(last.rate / max(rate, _NO_RATE)))

    def _of_set(self, data: str, photos: int, frames: int, rate: float) -> OperatingPoint:
        rows = [row for row in self.rows if row.data == data]
        column = _at_least(photos, {row.photos for row in rows})
        rows = [row for row in rows if row.photos == column]
        column = _at_least(frames, {row.frames for row in rows})
        rows = [row for row in rows if row.frames == column]
        enough = [row for row in rows if row.rate <= rate]
        return max(enough, key=lambda row: row.rate) if enough else min(rows, key=lambda row: row.rate)


def _row(columns: Mapping[str, Any]) -> OperatingPoint:
    try:
        return OperatingPoint(
            str(columns["data"]),
            int(columns["photos"]),
            int(columns["frames"]),
            float(columns["rate"]),
            float(columns["threshold"]),
            int(columns["trials"]),
        )
    except KeyError as missing:
        raise ValueError(f"a row has no {missing.args[0]}") from None


def _at_least(wanted: int, measured: set[int]) -> int:
    return min((count for count in measured if count >= wanted), default=max(measured))


def per_person(false_accept_rate: float, people: int) -> float:
    """The rate one comparison may have so that `people` of them together keep `false_accept_rate`."""
    return false_accept_rate / max(people, 1)


def rate_bound(errors: int, trials: int) -> float:
    """The upper end of the one-sided 95 % Clopper-Pearson interval of an error rate; 1 without trials.

    With no errors this is 1 - 0.05^(1/n), about 3/n: the rule of three.
    """
    if trials <= 0 or errors >= trials:
        return 1.0
    low, high = errors / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _binomial_cdf(errors, trials, middle) > 0.05 else (low, middle)
    return high


def _binomial_cdf(errors: int, trials: int, rate: float) -> float:
    """P(X <= errors) for X ~ Binomial(trials, rate) and errors below the mean, where terms shrink downwards."""
    logarithm = (
        math.lgamma(trials + 1)
        - math.lgamma(errors + 1)
        - math.lgamma(trials - errors + 1)
        + errors * math.log(rate)
        + (trials - errors) * math.log1p(-rate)
    )
    term, total = math.exp(logarithm), 0.0
    for k in range(errors, -1, -1):
        total += term
        term *= k * (1 - rate) / ((trials - k + 1) * rate)
        if term < total * 1e-12:
            break
    return total
