"""Turns made up for those who watch: the report and the annotated video."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgegate.access.observation import Candidate, Sighting
from edgegate.events.cloudevents import TYPE_PREFIX, CloudEvent
from edgegate.loop.turn import Turn
from edgegate.types import Box, Frame, Image

FPS = 10
START = 1767225600.0  # 2026-01-01T00:00:00Z
THRESHOLD = 0.95
BOX = Box(100, 60, 180, 150)


def image(grey: int = 90) -> Image:
    return np.full((240, 320, 3), grey, np.uint8)


PICTURE = image()


def sighting(score: float | None, track: int = 1, box: Box = BOX) -> Sighting:
    best = None if score is None else Candidate("id-1", score, THRESHOLD, 2.0)
    return Sighting(track, track, box, 5, usable=best is not None, pooled=best, own=best)


def turn(
    seq: int, sightings: Sequence[Sighting] = (), events: Sequence[CloudEvent] = (), *, locked: bool = True
) -> Turn:
    return Turn(Frame(seq / FPS, seq, PICTURE), tuple(sightings), tuple(events), locked)


def event(kind: str, number: int = 1, data: dict[str, Any] | None = None, subject: str | None = None) -> CloudEvent:
    body = {
        "specversion": "1.0",
        "id": f"front/replay/{number}",
        "source": "/edgegate/home/front",
        "type": TYPE_PREFIX + kind,
        "time": "2026-01-01T00:00:00.000Z",
        "data": data or {},
    }
    return body | ({"subject": subject} if subject else {})


def _decision(reason: str, person: str | None, score: float | None, track: int) -> dict[str, Any]:
    return {
        "reason": reason,
        "track": track,
        "person": person,
        "score": score,
        "threshold": None if score is None else THRESHOLD,
        "frames": 5,
        "frame_age_ms": 12,
        "latency_ms": 8,
        "model": "face-embedder@0",
        "box": BOX.rounded(),
        "others": [],
    }


def granted(person: str | None = "Ada", score: float = 0.98, track: int = 1, number: int = 1) -> CloudEvent:
    return event("access.granted", number, _decision("recognised", person, score, track), "id-1")


def denied(reason: str = "unknown", score: float | None = 0.8, track: int = 1, number: int = 1) -> CloudEvent:
    return event("access.denied", number, _decision(reason, None, score, track))
