"""One turn of the daemon: see, decide, write down, act. Live and replayed frames go through the same turn.

The order is the safety of it: an event is committed to the journal before the lock is touched, the lock checks the
age of the evidence once more, and what the lock did is written down after it did it.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from edgegate.clock import Clock
from edgegate.errors import JournalError
from edgegate.events import CloudEvent, Names, with_name
from edgegate.gate import Gate
from edgegate.lock import LockKeeper
from edgegate.pipeline import Pipeline
from edgegate.types import Event, Frame, Observation, Pulse, Sighting, TooLate


class Journal(Protocol):
    """What a turn needs of the journal."""

    def append(self, events: Sequence[Event]) -> list[CloudEvent]: ...


@dataclass(frozen=True, slots=True)
class Turn:
    """What one frame led to, for those who watch: the report, the annotated video, the status."""

    frame: Frame
    sightings: tuple[Sighting, ...]
    events: tuple[CloudEvent, ...]
    """What was written down in this turn, names filled in."""
    locked: bool


class Loop:
    """The parts of a door, turned by whoever has frames.

    `changes` is where the lock, on whatever thread, puts what it did; each turn writes it down. `tell` is called
    with every event, the person's name filled in, once it is durable.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        gate: Gate,
        journal: Journal,
        lock: LockKeeper,
        changes: queue.SimpleQueue[Event],
        clock: Clock,
        names: Names,
        tell: Callable[[CloudEvent], None],
    ) -> None:
        self._pipeline = pipeline
        self._gate = gate
        self._journal = journal
        self._lock = lock
        self._changes = changes
        self._clock = clock
        self._names = names
        self._tell = tell

    def turn(self, frame: Frame) -> Turn:
        """Take one frame through everything."""
        events = self.settle()
        received_at = self._clock.monotonic()
        sightings = self._pipeline.look(frame)
        observation = Observation(self._clock.monotonic(), frame.at, received_at, sightings)
        decision = self._gate.observe(observation)
        try:
            events += self.write(decision.events)
        except JournalError:
            if decision.pulse is not None:  # nobody was let in, so the visit may be granted once writing works
                self._gate.observe(TooLate(observation.at, decision.pulse))
            raise
        if decision.pulse is not None:
            events += self._open(decision.pulse)
        return Turn(frame, sightings, tuple(events), self._lock.locked)

    def settle(self) -> list[CloudEvent]:
        """Write down what the lock did since the last turn; what cannot be written is kept for the next try."""
        changes = []
        while not self._changes.empty():
            changes.append(self._changes.get())
        try:
            return self.write(changes)
        except JournalError:
            for change in changes:
                self._changes.put(change)
            raise

    def write(self, events: Sequence[Event]) -> list[CloudEvent]:
        """Make events durable, then tell them; raises JournalError, and then nothing was written or told."""
        if not events:
            return []
        written = [with_name(event, self._names) for event in self._journal.append(events)]
        for event in written:
            self._tell(event)
        return written

    def _open(self, pulse: Pulse) -> list[CloudEvent]:
        if self._lock.pulse(pulse):
            return self.settle()
        return self.write(self._gate.observe(TooLate(self._clock.monotonic(), pulse)).events)
