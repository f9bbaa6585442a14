"""The results of an evaluation on photos, as JSON holds it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgegate.evaluation import rates
from edgegate.evaluation.comparisons import BINS, Comparisons, count_impostors, histogram_of, people_of
from edgegate.evaluation.rates import DECADES, Point, Resampled
from edgegate.evaluation.split import NOT_DETECTED
from edgegate.recognition.thresholds import Threshold, rate_bound

Results = dict[str, Any]

_CURVE = tuple(10 ** (-step / 6) for step in range(6, 37))
"""False-accept rates from 1e-1 to 1e-6, six a decade."""

_Watch = Callable[[Iterable[int]], Iterable[int]]


@dataclass(frozen=True, slots=True)
class RatesInForce:
    """The rates in force on the same photos: the thresholds with one person enrolled, and with everybody."""

    false_accept_rate: float
    alone: Threshold
    everybody: Threshold


def results(found: Comparisons, door: RatesInForce, watch: _Watch = iter) -> Results:
    """Counts, rates with their bounds, the curve, conditions and histograms."""
    points = [rates.point(found, rate) for rate in rates.carried(DECADES, found)]
    drawn = [rates.point(found, rate) for rate in rates.carried(_CURVE, found)]
    resampled = rates.resample(found, [*points, *drawn], watch=watch)
    return {
        **_counts(found),
        "rates": [_rate(found, one, resampled, column) for column, one in enumerate(points)],
        "door": _door(found, door),
        "curve": [_drawn(one, resampled, column) for column, one in enumerate(drawn, len(points))],
        "conditions": _conditions(found, points, door),
        "histograms": {
            "bins": BINS,
            "genuine": histogram_of(found.genuine.scores).tolist(),
            "impostors": found.histogram.tolist(),
        },
        "resamples": rates.RESAMPLES,
    }


def _counts(found: Comparisons) -> Results:
    split = found.split
    undetected = split.faults.get(NOT_DETECTED.value, 0)
    enrolled = people_of(split.templates)
    return {
        "people": len(split.persons),
        "people_enrolled": enrolled,
        "people_strangers": len(split.persons) - enrolled,
        "photos_enrolled": split.photos_enrolled,
        "genuine": len(found.genuine.scores),
        "impostors": found.impostors,
        "photos_seen": split.photos,
        "undetected": undetected,
        "detection_rate": 1 - undetected / split.photos,
        "detection_rate_bound_95": 1 - rate_bound(undetected, split.photos),
        "faults": dict(sorted(split.faults.items())),
        "refused_at_enrolment": split.refused_at_enrolment,
        "unusable_probes": len(split.missed),
    }


def _rate(found: Comparisons, one: Point, resampled: Resampled, column: int) -> Results:
    """One line of `rates`. `bound_95` is the lower bound of `true_accept_rate`, the threshold found again each time."""
    genuine, missed = one.genuine, len(found.split.missed)
    people = len(set(found.genuine.person.tolist()))
    tar, every = resampled.true_accept_rate[:, column], resampled.with_missed[:, column]
    return {
        "false_accept_rate": one.wanted,
        "true_accept_rate": _ratio(one.true_accepts, genuine),
        "threshold": one.threshold,
        "bound_95": rates.lower_bound(tar, genuine - one.true_accepts, people),
        "interval_95": rates.interval(tar),
        "threshold_interval_95": rates.interval(resampled.threshold[:, column]),
        "false_rejects": genuine - one.true_accepts,
        "false_accepts": one.false_accepts,
        "false_accepts_bound_95": rates.upper_bound(
            resampled.false_accept_rate[:, column], one.false_accepts, found.impostors
        ),
        "true_accept_rate_of_all_probes": _ratio(one.true_accepts, genuine + missed),
        "true_accept_rate_of_all_probes_bound_95": rates.lower_bound(
            every, genuine + missed - one.true_accepts, people
        ),
    }


def _drawn(one: Point, resampled: Resampled, column: int) -> Results:
    low, high = rates.interval(resampled.true_accept_rate[:, column]) or (None, None)
    return {
        "false_accept_rate": one.wanted,
        "true_accept_rate": _ratio(one.true_accepts, one.genuine),
        "threshold": one.threshold,
        "low": low,
        "high": high,
    }


def _door(found: Comparisons, door: RatesInForce) -> Results:
    """At the config's own thresholds, one probe photo at a time."""
    scores, at = found.genuine.scores.astype(np.float64), door.alone.value
    hits = scores >= at
    false = int(found.at_door.sum())
    enrolled = set(found.split.templates.person.tolist())
    outside = np.array([person not in enrolled for person in found.split.probes.person.tolist()], bool)
    let_in = found.best[outside].astype(np.float64) >= door.everybody.value
    all_in = scores >= door.everybody.value
    return {
        "false_accept_rate": door.false_accept_rate,
        "one_enrolled": {
            "threshold": at,
            "promise_carried": door.alone.carried,
            **_share(hits, found.genuine.person, "true_accept"),
            "false_accepts": false,
            "impostors": found.impostors,
            "false_accepts_bound_95": rate_bound(false, found.impostors),
        },
        "everybody_enrolled": {
            "people": len(enrolled),
            "threshold": door.everybody.value,
            "promise_carried": door.everybody.carried,
            **_share(all_in, found.genuine.person, "true_accept"),
            "strangers": int(outside.sum()),
            "strangers_let_in": int(let_in.sum()),
            "strangers_let_in_bound_95": rates.share_bounds(let_in, found.split.probes.person[outside])[1],
        },
    }


def _share(hits: Any, person: Any, name: str) -> Results:
    count = int(hits.sum())
    return {
        f"{name}s": count,
        f"{name}_rate": _ratio(count, len(hits)),
        f"{name}_rate_bound_95": rates.share_bounds(hits, person)[0],
    }


def _conditions(found: Comparisons, points: Sequence[Point], door: RatesInForce) -> list[Results]:
    """The same thresholds, condition by condition of the probe; none where nothing says a condition."""
    names = found.split.conditions
    if len(names) < 2:
        return []
    thresholds = {one.wanted: one.threshold for one in points}
    return [
        {
            "condition": name,
            **_condition_counts(found, index),
            "rates": [{"false_accept_rate": r, **_condition(found, index, t)} for r, t in thresholds.items()],
            "door": _condition(found, index, door.alone.value)
            | {"false_accepts": int(found.at_door[found.split.probes.condition == index].sum())},
        }
        for index, name in enumerate(names)
    ]


def _condition_counts(found: Comparisons, condition: int) -> Results:
    split = found.split
    chosen = split.probes.condition == condition
    own = split.templates.condition == condition
    return {
        "people": len(set(split.probes.person[chosen].tolist())),
        "genuine": int(np.count_nonzero(found.genuine.condition == condition)),
        "unusable_probes": int(np.count_nonzero(split.missed.condition == condition)),
        "impostors": count_impostors(split.templates.person, split.probes.person[chosen]),
        "impostors_within": count_impostors(split.templates.person[own], split.probes.person[chosen]),
    }


def _condition(found: Comparisons, condition: int, threshold: float) -> Results:
    """`within` compares only with people whose enrolment photos are of the same condition."""
    split = found.split
    chosen = found.genuine.condition == condition
    hits = found.genuine.scores[chosen].astype(np.float64) >= threshold
    tail = found.tail
    accepted = tail.scores.astype(np.float64) >= threshold
    theirs = accepted & (split.probes.condition[tail.probe] == condition)
    within = theirs & (split.templates.condition[tail.template] == condition)
    counts = _condition_counts(found, condition)
    return {
        "threshold": threshold,
        **_share(hits, found.genuine.person[chosen], "true_accept"),
        "false_accepts": int(theirs.sum()),
        "false_accepts_bound_95": rate_bound(int(theirs.sum()), counts["impostors"]),
        "false_accepts_within": int(within.sum()),
    }


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole and not math.isnan(part) else None
