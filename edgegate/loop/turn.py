"""One turn of the daemon: see, decide, write down, act. Live and replayed frames go through the same turn.

The order is the safety of it: an event is committed to the journal before the lock is touched, the lock checks the
age of the evidence once more, and what the lock did is written down after it did it. Between the commit of a grant and
its pulse nothing is looked up, opened, waited for or published: names are filled in once the lock was asked.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from edgegate.access.gate import Gate, GateRules
from edgegate.access.observation import Decision, Observation, Released, Sighting, TooLate
from edgegate.clock import Clock
from edgegate.door.pulse import Hold, Pulse
from edgegate.errors import InDoubtError, JournalError, LockError
from edgegate.events.cloudevents import CloudEvent, Names, with_name
from edgegate.events.vocabulary import Denial, Event, EventType
from edgegate.lock.interface import LockInterface
from edgegate.recognition import tracking
from edgegate.types import Frame

log = logging.getLogger(__name__)

RELEASE_SECONDS = 1.0
"""Seconds, during a lock-out, between two questions whether staff released it."""

SHORTEST_HOLD = 0.1


class TurnPipeline(Protocol):
    """The pipeline, as far as a turn needs it."""

    def look(self, frame: Frame) -> tuple[Sighting, ...]: ...

    def change_rules(self, rules: tracking.TrackingRules, /) -> None: ...


class JournalWriter(Protocol):
    """The journal, as far as a turn needs it."""

    def append(self, events: Sequence[Event]) -> list[CloudEvent]: ...


@dataclass(frozen=True, slots=True)
class Turn:
    """The outcome of one frame, for those who watch: the report, the annotated video, the status."""

    frame: Frame
    sightings: tuple[Sighting, ...]
    events: tuple[CloudEvent, ...]
    """The events of this turn, names filled in."""
    locked: bool


class Loop:
    """The parts of a door, turned by somebody who has frames.

    `changes` is where the lock, on whatever thread, puts what it did; each turn writes it down. `tell` is called
    with every event, the person's name filled in, once it is durable; a grant's only after the lock was asked. `names`
    answers from memory. `released` says whether staff ended the lock-out that runs.
    """

    def __init__(
        self,
        pipeline: TurnPipeline,
        gate: Gate,
        journal: JournalWriter,
        lock: LockInterface,
        changes: queue.SimpleQueue[Event],
        clock: Clock,
        names: Names,
        tell: Callable[[CloudEvent], None],
        released: Callable[[], bool] = lambda: False,
    ) -> None:
        self._pipeline = pipeline
        self._gate = gate
        self._journal = journal
        self._lock = lock
        self._changes = changes
        self._clock = clock
        self._names = names
        self._tell = tell
        self._released = released
        self._ask_again_at = float("-inf")
        self._unwritten: list[Event] = []

    @property
    def locked_out_until(self) -> float | None:
        """The end of the lock-out by time, in monotonic seconds; None while there is none."""
        return self._gate.locked_out_until

    def change_rules(self, deciding: GateRules, following: tracking.TrackingRules) -> None:
        """Go by other rules from the next turn on; visits and tracks go on."""
        self._gate.change_rules(deciding)
        self._pipeline.change_rules(following)

    def turn(self, frame: Frame) -> Turn:
        """Take one frame through everything."""
        events = self.settle()
        self._notice_release()
        received_at = self._clock.monotonic()
        sightings = self._pipeline.look(frame)
        events += self._decide(frame.at, received_at, sightings)
        return Turn(frame, sightings, tuple(events), self._lock.locked)

    def tick(self) -> list[CloudEvent]:
        """Time passed without a frame: write down what happened, and do what is due by time alone."""
        events = self.settle()
        self._notice_release()
        now = self._clock.monotonic()
        return events + self._decide(now, now, ())

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
        return self._publish(self._journal.append(events)) if events else []

    def _publish(self, written: Sequence[CloudEvent]) -> list[CloudEvent]:
        """Fill in the names of what is durable, and tell it."""
        named = [with_name(event, self._names) for event in written]
        for event in named:
            self._tell(event)
        return named

    def _decide(self, frame_at: float, received_at: float, sightings: tuple[Sighting, ...]) -> list[CloudEvent]:
        """Ask the gate, and do as it says."""
        clock, (barred, held) = self._clock, self._lock_now()
        decision = self._gate.observe(
            Observation(
                clock.monotonic(), frame_at, received_at, sightings, clock.wall(), clock.wall_trusted(), barred, held
            )
        )
        pulse = decision.pulse
        events = self.settle(*decision.events) if pulse is None else self._let_in(decision, pulse)
        if decision.hold is not None:
            events += self._hold_open(decision.hold)
        return events

    def _hold_open(self, hold: Hold) -> list[CloudEvent]:
        """Ask the lock to hold on; whether it does, the next turn sees."""
        seconds = hold.until - self._clock.monotonic()
        try:
            if seconds >= SHORTEST_HOLD:
                self._lock.hold(seconds)
        except LockError as error:
            log.error("the door is not held open: %s", error)  # noqa: TRY400  one line says it
        return self.settle()

    def _notice_release(self) -> None:
        """The journal tells of staff's release; nothing may wait to be written there, or its last word is not ours."""
        now = self._clock.monotonic()
        if self._gate.locked_out and not self._unwritten and now >= self._ask_again_at:
            self._ask_again_at = now + RELEASE_SECONDS
            if self._released():
                self._gate.observe(Released(now))

    def _let_in(self, decision: Decision, pulse: Pulse) -> list[CloudEvent]:
        """Commit, pulse, then publish: nothing may come between the first two, however quick it looks."""
        try:
            committed = self._journal.append(decision.events)
        except JournalError:
            # Nobody was let in, so the visit may be granted once writing works.
            self._unwritten += [event for event in decision.events if event.type is not EventType.GRANTED]
            self._gate.observe(TooLate(self._clock.monotonic(), pulse))
            raise
        reason = self._ask_lock(pulse)
        events = self._publish(committed)
        if reason is None:
            return events + self.settle()
        refusal = self._gate.observe(TooLate(self._clock.monotonic(), pulse, reason))
        return events + self.settle(*refusal.events)

    def _lock_now(self) -> tuple[Denial | None, bool]:
        """Returns why the lock would open for nobody now, so that no grant is written down that cannot be given; and if
        it is held open.
        """
        status = self._lock.status()
        held = status.mode == "hold"
        if self._lock.fault is not None:
            return Denial.LOCK_FAULT, held
        return (Denial.LOCKDOWN if status.mode == "lockdown" else None), held

    def _ask_lock(self, pulse: Pulse) -> Denial | None:
        """Give the pulse; the answer is why that was not done."""
        try:
            if self._lock.pulse(pulse):
                return None
            return self._lock_now()[0] or Denial.STALE
        except InDoubtError as error:
            log.error("whether somebody was let in is not known: %s", error)  # noqa: TRY400  one line says it
        except LockError as error:
            log.error("somebody was not let in: %s", error)  # noqa: TRY400  one line says it
        return Denial.LOCK_FAULT
