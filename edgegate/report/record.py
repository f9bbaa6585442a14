"""A report's record of a recording: floats for every face in every frame, pictures only of decisions."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from edgegate.access.observation import Sighting
from edgegate.events.cloudevents import TYPE_PREFIX, CloudEvent
from edgegate.events.vocabulary import EventType
from edgegate.loop.turn import Turn
from edgegate.report.picture import snapshot

MAX_PICTURES = 300
"""Decisions beyond this many are told without a picture, so that a page stays a few megabytes."""

GAP_SECONDS = 0.5
"""A face unseen for longer leaves a gap in its curve."""


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A grant or a refusal; `picture` is a JPEG, or None beyond MAX_PICTURES."""

    at: float
    event: CloudEvent
    visit: int | None
    picture: bytes | None

    @property
    def granted(self) -> bool:
        return kind_of(self.event) == EventType.GRANTED


@dataclass(slots=True)
class Trace:
    """One track over time, in seconds of the recording. Where there was no score, `scores` holds NaN."""

    track: int
    visit: int
    times: array[float] = field(default_factory=lambda: array("d"))
    scores: array[float] = field(default_factory=lambda: array("f"))
    thresholds: array[float] = field(default_factory=lambda: array("f"))

    def add(self, at: float, sighting: Sighting) -> None:
        best = sighting.pooled
        self.times.append(at)
        self.scores.append(math.nan if best is None else best.score)
        self.thresholds.append(math.nan if best is None else best.threshold)

    def scored(self) -> Iterator[list[tuple[float, float, float]]]:
        """Unbroken stretches of (time, score, threshold)."""
        stretch: list[tuple[float, float, float]] = []
        for sample in zip(self.times, self.scores, self.thresholds, strict=True):
            if math.isnan(sample[1]) or (stretch and sample[0] - stretch[-1][0] > GAP_SECONDS):
                if stretch:
                    yield stretch
                stretch = []
            if not math.isnan(sample[1]):
                stretch.append(sample)
        if stretch:
            yield stretch


@dataclass(slots=True)
class Record:
    """Everything a report tells. Feed it every turn in order of time."""

    events: list[tuple[float, CloudEvent]] = field(default_factory=list)
    decisions: list[RecordedDecision] = field(default_factory=list)
    traces: dict[int, Trace] = field(default_factory=dict)
    duration: float = 0.0
    frames: int = 0
    _lock_changes: list[tuple[float, bool]] = field(default_factory=list)

    def add(self, turn: Turn) -> None:
        at = turn.frame.at
        self.frames += 1
        self.duration = at
        for sighting in turn.sightings:
            trace = self.traces.setdefault(sighting.track, Trace(sighting.track, sighting.visit))
            trace.visit = sighting.visit  # tracking may learn only later that the visitor was here before
            trace.add(at, sighting)
        if not self._lock_changes or self._lock_changes[-1][1] != turn.locked:
            self._lock_changes.append((at, turn.locked))
        for event in turn.events:
            self._note(event, turn)

    def _note(self, event: CloudEvent, turn: Turn) -> None:
        at = turn.frame.at
        self.events.append((at, event))
        if kind_of(event) not in {EventType.GRANTED, EventType.DENIED}:
            return
        track = event["data"]["track"]
        visit = next((s.visit for s in turn.sightings if s.track == track), None)
        wanted = len(self.decisions) < MAX_PICTURES
        picture = snapshot(turn.frame.image, event["data"]["box"]) if wanted else None
        self.decisions.append(RecordedDecision(at, event, visit, picture))

    def open_times(self) -> list[tuple[float, float]]:
        """From when to when the lock was open."""
        changes = [*self._lock_changes, (self.duration, True)]
        return [(start, end) for (start, locked), (end, _) in pairwise(changes) if not locked]

    def verdict(self, trace: Trace) -> RecordedDecision | None:
        """Returns what became of a track's visit: a grant, where it was refused first and granted later."""
        about = [decision for decision in self.decisions if decision.visit == trace.visit]
        return max(about, key=lambda decision: decision.granted, default=None)


def kind_of(event: CloudEvent) -> str:
    """An event's type without the prefix it has on the wire."""
    return str(event["type"]).removeprefix(TYPE_PREFIX)
