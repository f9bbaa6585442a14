"""The results of an evaluation on clips, as JSON holds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgegate.evaluation import rates
from edgegate.evaluation.clips import Clip, Trial
from edgegate.recognition.thresholds import Threshold, rate_bound

Results = dict[str, Any]


def results(clips: Sequence[Clip], trials: Sequence[Trial], photos: int, frames: int, door: Threshold) -> Results:
    """Counts with bounds, whom the door let in or missed, seconds to the grant, conditions."""
    names = sorted({clip.condition for clip in clips})
    seconds = [trial.seconds for trial in trials if trial.genuine and trial.seconds is not None]
    return {
        "people": len({clip.person for clip in clips}),
        "clips": len(clips),
        "photos": photos,
        "photos_enrolled": photos,
        "frames": frames,
        "threshold": door.value,
        "promise_carried": door.carried,
        "clips_without_usable_face": [clip.name for clip in clips if clip.usable_from is None],
        **verdicts(trials),
        "seconds_to_grant": seconds_to_grant(seconds),
        "conditions": [{"condition": name, **_brief(trials, name)} for name in names if len(names) > 1],
    }


def verdicts(trials: Sequence[Trial]) -> Results:
    """Genuine and strangers' visits; each wrong one by name.

    A clip that shows no usable face is a missed visit: somebody stood there, and the door stayed shut.
    """
    genuine = [trial for trial in trials if trial.genuine]
    strangers = [trial for trial in trials if not trial.genuine]
    refused = [trial for trial in genuine if not trial.granted]
    accepted = [trial for trial in strangers if trial.granted]
    return {
        "missed_grants": len(refused),
        "false_grants": len(accepted),
        "genuine": count(len(genuine) - len(refused), len(genuine), errors=len(refused))
        | {"by_person_bound_95": _by_person(genuine, refused), "refused": _pairs(refused)},
        "strangers": count(len(accepted), len(strangers), errors=len(accepted))
        | {
            "by_person_bound_95": _by_person(strangers, accepted),
            "accepted_pairs": _pairs(accepted),
            "highest": max((trial.score for trial in strangers), default=None),
        },
    }


def count(granted: int, trials: int, errors: int) -> Results:
    """`error_rate_bound_95` takes the trials for independent."""
    return {
        "trials": trials,
        "granted": granted,
        "error_rate": errors / trials if trials else None,
        "error_rate_bound_95": rate_bound(errors, trials),
    }


def seconds_to_grant(seconds: Sequence[float]) -> Results:
    """Of video, from the first usable face to the grant, over genuine visits that were granted."""
    if not seconds:
        return {"visits": 0, "median": None, "p95": None, "longest": None, "each": []}
    each = [round(value, 3) for value in sorted(seconds)]
    median, p95, longest = (round(float(value), 3) for value in np.quantile(seconds, (0.5, 0.95, 1.0)))
    return {"visits": len(seconds), "median": median, "p95": p95, "longest": longest, "each": each}


def _by_person(trials: Sequence[Trial], errors: Sequence[Trial]) -> float:
    """The error rate's bound when the people who come, rather than the visits, are drawn again."""
    wrong = set(map(id, errors))
    people = sorted({trial.visitor.person for trial in trials})
    hits = np.array([id(trial) in wrong for trial in trials], bool)
    person = np.array([people.index(trial.visitor.person) for trial in trials], np.int32)
    return rates.share_bounds(hits, person)[1]


def _brief(trials: Sequence[Trial], condition: str) -> Results:
    """The same of the visits under one condition, without the pairs."""
    chosen = [trial for trial in trials if trial.visitor.condition == condition]
    found = verdicts(chosen)
    seconds = [trial.seconds for trial in chosen if trial.genuine and trial.seconds is not None]
    lists = {"refused", "accepted_pairs"}
    return {
        "missed_grants": found["missed_grants"],
        "false_grants": found["false_grants"],
        "genuine": {key: value for key, value in found["genuine"].items() if key not in lists},
        "strangers": {key: value for key, value in found["strangers"].items() if key not in lists},
        "seconds_to_grant": seconds_to_grant(seconds),
    }


def _pairs(trials: Sequence[Trial]) -> list[Results]:
    return [{"enrolled": t.enrolled.name, "visitor": t.visitor.name, "score": round(t.score, 4)} for t in trials]
