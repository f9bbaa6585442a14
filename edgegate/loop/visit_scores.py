"""Follows visits through the turns of the loop, for the scores that `recognition.site_calibration` keeps.

They are written on a thread of their own: the file may be held by a backup or by `evaluate --site`, and no frame waits
for it.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from edgegate.access.observation import Sighting
from edgegate.clock import Clock
from edgegate.errors import EdgegateError
from edgegate.events.cloudevents import Names
from edgegate.loop.turn import Turn
from edgegate.recognition.search import ALONE
from edgegate.recognition.site_calibration import ScoredVisit, ScoreStore
from edgegate.system.threads import Periodic

log = logging.getLogger(__name__)

WRITE_SECONDS = 0.5
"""Seconds between two tries to write visits that are over."""

MAX_WAITING = 1000
"""So many visits wait for their file; of more, the oldest are lost."""


class VisitScores:
    """Follows visits through the turns of the loop, and gives each one's scores once it is over.

    A visit is what tracking takes for one coming of the same face; it is over when it was out of view for
    `rearm_seconds`. Pools of fewer than `frames` frames, on which nothing is decided, do not count.
    """

    def __init__(self, embedder: str, frames: int, rearm_seconds: float) -> None:
        self._embedder = embedder
        self._frames = frames
        self._rearm_seconds = rearm_seconds
        self._open: dict[int, tuple[float, ScoredVisit]] = {}

    def change_rules(self, frames: int, rearm_seconds: float) -> None:
        self._frames, self._rearm_seconds = frames, rearm_seconds

    def turn(
        self, now: float, wall: float, sightings: Sequence[Sighting], events: Sequence[Mapping[str, Any]]
    ) -> list[ScoredVisit]:
        """Take in one turn, at monotonic `now`; the answer is the visits that ended before it."""
        ended = [key for key, (seen_at, _) in self._open.items() if now - seen_at > self._rearm_seconds]
        over = [self._open.pop(key)[1] for key in ended]
        for sighting in sightings:
            self._see(now, wall, sighting, events)
        return over

    def close(self) -> list[ScoredVisit]:
        """The visits that were not over yet."""
        unfinished = [visit for _, visit in self._open.values()]
        self._open.clear()
        return unfinished

    def _see(self, now: float, wall: float, sighting: Sighting, events: Sequence[Mapping[str, Any]]) -> None:
        before = self._open[sighting.visit][1] if sighting.visit in self._open else None
        pooled = sighting.pooled
        if pooled is not None and sighting.frames >= self._frames:
            runner_up = None if pooled.margin >= ALONE else pooled.score - pooled.margin
            seen = ScoredVisit(
                wall, pooled.score, runner_up, pooled.threshold, None, granted=False, frames=self._frames,
                embedder=self._embedder,
            )  # fmt: skip
            before = seen if before is None else _higher(before, seen)
        if before is None:
            return
        for event in events:
            if event["data"].get("track") == sighting.track and "subject" in event:
                granted = before.granted or event["type"].endswith("access.granted")
                before = replace(before, person=event["subject"], granted=granted)
        self._open[sighting.visit] = now, before


def _higher(one: ScoredVisit, other: ScoredVisit) -> ScoredVisit:
    """The first, with the highest scores of both."""
    best = max(one, other, key=lambda visit: visit.score)
    runners = [visit.runner_up for visit in (one, other) if visit.runner_up is not None]
    return replace(one, score=best.score, threshold=best.threshold, runner_up=max(runners, default=None))


class ScoreKeeper(Periodic):
    """Keeps the scores of a door's visits. What goes wrong is told in `fault`, and stops no door.

    `turn` and `change_rules` are the loop's, and wait for nothing. `names` answers from memory: a visit of somebody
    who was forgotten meanwhile is not written any more.
    """

    def __init__(
        self, scores: ScoreStore, visits: VisitScores, clock: Clock, names: Names, stopping: threading.Event
    ) -> None:
        super().__init__("scores", self._write, WRITE_SECONDS, stopping)
        self._scores = scores
        self._visits = visits
        self._clock = clock
        self._names = names
        self._waiting: deque[ScoredVisit] = deque(maxlen=MAX_WAITING)
        self.fault: str | None = None

    def change_rules(self, frames: int, rearm_seconds: float) -> None:
        """Changes what a visit is, from now on; those that are open go on."""
        self._visits.change_rules(frames, rearm_seconds)

    def turn(self, turn: Turn | None) -> None:
        """Take in one turn of the loop, or the passing of time where there was none."""
        sightings, events = (turn.sightings, turn.events) if turn is not None else ((), ())
        self._waiting += self._visits.turn(self._clock.monotonic(), self._clock.wall(), sightings, events)

    def close(self, timeout: float) -> None:
        """Stop, and write what is left, that of visits which were not over yet included."""
        super().close(timeout)
        self._waiting += self._visits.close()
        self._write()

    def _write(self) -> None:
        """Write what waits, up to the first visit that cannot be written."""
        while self._waiting:
            visit = self._waiting.popleft()
            if visit.person is not None and self._names(visit.person) is None:
                continue
            try:
                self._scores.keep(visit)
                self.fault = None
            except EdgegateError as error:
                if self.fault is None:
                    log.warning("%s", error)
                self.fault = str(error)
                self._waiting.appendleft(visit)
                return
