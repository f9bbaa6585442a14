"""The door's own rule on photo sequences: templates of K photos against pools of several frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgegate.evaluation.clip_results import count
from edgegate.evaluation.scores import Looks, measure
from edgegate.recognition.thresholds import Table, per_person


def pooled(looks: Sequence[Looks], table: Table, photos: int, frames: int, rate: float) -> dict[str, Any]:
    """Visits let in at the threshold for one person enrolled; of few photos as many are pooled as there are."""
    result = _pooled(looks, table, photos, frames, rate)
    while frames > 1 and not (result["genuine"]["trials"] and result["strangers"]["trials"]):
        frames -= 1
        result = _pooled(looks, table, photos, frames, rate)
    return result


def _pooled(looks: Sequence[Looks], table: Table, photos: int, frames: int, rate: float) -> dict[str, Any]:
    measured = measure(looks, photos, frames)
    threshold = table.threshold(photos, frames, per_person(rate, 1))
    granted = int((measured.genuine >= threshold.value).sum())
    accepted = int((measured.strangers >= threshold.value).sum())
    return {
        "people": measured.people,
        "photos": photos,
        "frames": frames,
        "threshold": threshold.value,
        "promise_carried": threshold.carried,
        "genuine": count(granted, len(measured.genuine), errors=len(measured.genuine) - granted),
        "strangers": count(accepted, len(measured.strangers), errors=accepted),
    }
