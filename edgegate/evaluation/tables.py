"""Threshold tables: which score strangers reached, how often, on which data."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from edgegate.evaluation.scores import Looks, TrialScores, measure
from edgegate.recognition.thresholds import OperatingPoint, rate_bound

PHOTOS = (1, 3, 5)
FRAMES = (1, 3, 5)
RATES = (1e-1, 1e-2, 1e-3, 1e-4)


def table(data: str, looks: Sequence[Looks]) -> list[OperatingPoint]:
    """Rows for every count of photos and frames that the data has visits for."""
    rows = []
    for photos in PHOTOS:
        for frames in FRAMES:
            rows += rows_of(data, photos, frames, measure(looks, photos, frames))
    return rows


def rows_of(data: str, photos: int, frames: int, scores: TrialScores) -> list[OperatingPoint]:
    """For each rate, the lowest threshold whose accepted strangers bound the rate with 95 % confidence.

    The last row is the strictest that can be measured: no stranger accepted, at the rate that still bounds. Two people
    meet twice, each as the other's stranger, with much the same score: bounds count them as one trial.
    """
    return rows_over(data, photos, frames, scores.strangers, times=2)


def rows_over(data: str, photos: int, frames: int, strangers: npt.ArrayLike, times: int = 1) -> list[OperatingPoint]:
    """As `rows_of`, of strangers' scores (n,) that each count `times` over."""
    ordered = np.sort(np.asarray(strangers))[::-1]
    trials = len(ordered)
    if not trials:
        return []
    different = max(1, trials // times)
    strictest = OperatingPoint(data, photos, frames, rate_bound(0, different), _above(ordered[0]), trials)
    rows = []
    for rate in RATES:
        accepted = times * _most_accepted(rate, different)
        if accepted and rate > strictest.rate:
            rows.append(OperatingPoint(data, photos, frames, rate, _above(ordered[accepted]), trials))
    return [*rows, strictest]


def to_toml(rows: Iterable[OperatingPoint], embedder: str) -> str:
    """The rows as they stand in a pack's card, below the sha256 of the `embedder` that they were measured with."""
    head = f'embedder = "{embedder}"\n\n'
    return head + "\n".join(
        f"[[thresholds]]\ndata = {json.dumps(row.data, ensure_ascii=False)}\n"
        f"photos = {row.photos}\nframes = {row.frames}\n"
        f"rate = {row.rate:.3g}\nthreshold = {row.threshold:.4f}\ntrials = {row.trials}\n"
        for row in rows
    )


def _most_accepted(rate: float, trials: int) -> int:
    """Returns how many of `trials` strangers may be accepted so that the 95 % bound stays within `rate`."""
    low, high = 0, math.ceil(rate * trials)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if rate_bound(middle, trials) <= rate else (low, middle - 1)
    return low


def _above(score: float) -> float:
    """The next value of four decimals above a score that must be refused."""
    return math.floor(float(score) * 1e4 + 1) / 1e4
