"""One turn of the daemon: see, decide, write down, act. Live and replayed frames go through the same turn.

The order is the safety of it: an event is committed to the journal before the lock is touched, the lock checks the
age of the evidence once more, and what the lock did is written down after it did it.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from edgegate import tracking
from edgegate.clock import Clock
from edgegate.errors import JournalError, LockError
from edgegate.events import CloudEvent, Names, with_name
from edgegate.gate import Gate, Rules
from edgegate.lock_keeper import LockKeeper
from edgegate.types import Decision, Denial, Event, Frame, Observation, Pulse, Sighting, TooLate

log = logging.getLogger(__name__)


class Pipeline(Protocol):
    """What a turn needs of the pipeline."""

    def look(self, frame: Frame) -> tuple[Sighting, ...]: ...

    def change_rules(self, rules: tracking.Rules, /) -> None: ...


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
        self._unwritten: list[Event] = []

    def change_rules(self, deciding: Rules, following: tracking.Rules) -> None:
        """Go by other rules from the next turn on; visits and tracks go on."""
        self._gate.change_rules(deciding)
        self._pipeline.change_rules(following)

    def turn(self, frame: Frame) -> Turn:
        """Take one frame through everything."""
        events = self.settle()
        received_at = self._clock.monotonic()
        sightings = self._pipeline.look(frame)
        clock = self._clock
        observation = Observation(
            clock.monotonic(), frame.at, received_at, sightings, clock.wall(), clock.wall_trusted(), self._barred()
        )
        decision = self._gate.observe(observation)
        if decision.pulse is None:
            events += self.settle(*decision.events)
        else:
            events += self._let_in(decision, decision.pulse)
        return Turn(frame, sightings, tuple(events), self._lock.locked)

    def settle(self, *events: Event) -> list[CloudEvent]:
        """Write down what the lock did since the last turn, then `events`.

        Raises JournalError; what could not be written is kept for the next try.
        """
        happened, self._unwritten = self._unwritten, []
        while not self._changes.empty():
            happened.append(self._changes.get())
        happened += events
        try:
            return self.write(happened)
        except JournalError:
            self._unwritten = happened
            raise

    def write(self, events: Sequence[Event]) -> list[CloudEvent]:
        """Make events durable, then tell them; raises JournalError, and then nothing was written or told."""
        if not events:
            return []
        written = [with_name(event, self._names) for event in self._journal.append(events)]
        for event in written:
            self._tell(event)
        return written

    def _let_in(self, decision: Decision, pulse: Pulse) -> list[CloudEvent]:
        try:
            events = self.write(decision.events)
        except JournalError:
            # Nobody was let in, so the visit may be granted once writing works.
            self._gate.observe(TooLate(self._clock.monotonic(), pulse))
            raise
        reason = self._ask_lock(pulse)
        if reason is None:
            return events + self.settle()
        refusal = self._gate.observe(TooLate(self._clock.monotonic(), pulse, reason))
        return events + self.settle(*refusal.events)

    def _barred(self) -> Denial | None:
        """Why the lock would open for nobody now, so that no grant is written down that cannot be given."""
        try:
            status = self._lock.status()
        except LockError:
            return Denial.LOCK_FAULT
        if self._lock.trouble is not None:
            return Denial.LOCK_FAULT
        return Denial.LOCKDOWN if status.mode == "lockdown" else None

    def _ask_lock(self, pulse: Pulse) -> Denial | None:
        """Give the pulse; the answer is why that was not done."""
        try:
            if self._lock.pulse(pulse):
                return None
            return self._barred() or Denial.STALE
        except LockError as error:
            log.error("somebody was not let in: %s", error)  # noqa: TRY400  one line says it
            return Denial.LOCK_FAULT
