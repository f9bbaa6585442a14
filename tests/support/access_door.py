"""A whole door with rules of access: gate, loop, journal and lock, on a virtual clock."""

from __future__ import annotations

import queue
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from edgegate.access.gate import Gate, GateRules
from edgegate.access.observation import Sighting
from edgegate.app import take_up_lockout
from edgegate.clock import VirtualClock
from edgegate.events.cloudevents import CloudEvent, Origin
from edgegate.events.vocabulary import Event
from edgegate.journal import Journal, lockouts
from edgegate.lock.controller import build_lock
from edgegate.lock.wiring import Wiring
from edgegate.loop.turn import Loop
from tests.access.test_schedule import at
from tests.support.fakes import FailingJournal, FakePipeline, frame_at, seen

EIGHT = at("2026-06-15T08:00")


OPENED, GRANTED = "access.hold_open_started first_person", "access.granted recognised"


def nobody(_person: str) -> None:
    """Of no interest here."""


@dataclass
class Door:
    """Frames come ten times a second, ticks too while nobody films."""

    path: Path
    rules: GateRules
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(EIGHT - 60))
    films: bool = True
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        changes: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.pipeline, self.gate = FakePipeline(), Gate(self.rules, "m")
        self.kept = Journal(self.path, origin=Origin("home", "front", "b1"), clock=self.clock, outbox=False)
        self.journal = FailingJournal(self.kept)
        self.lock = build_lock(Wiring(pins="mock"), self.clock, changes.put)
        take_up_lockout(self.gate, self.path, self.clock)
        released = partial(lockouts.is_released, self.path)
        self.loop = Loop(
            self.pipeline, self.gate, self.journal, self.lock, changes, self.clock, nobody, self._tell, released
        )

    def _tell(self, event: CloudEvent) -> None:
        self.told.append(f"{event['type'].removeprefix('io.edgegate.')} {event['data'].get('reason', '')}".strip())

    def turn(self, *view: Sighting) -> None:
        self.clock.advance(self.clock.monotonic() + 0.1)
        self.pipeline.view = view
        if self.films:
            self.loop.turn(frame_at(self.clock.monotonic()))
        else:
            self.loop.tick()

    def wait(self, seconds: float, *view: Sighting) -> None:
        for _ in range(round(seconds * 10)):
            self.turn(*view)

    def strangers(self, count: int) -> None:
        """One after the other, two seconds each."""
        for _ in range(count):
            self.wait(2, seen(None, track=round(self.clock.monotonic() * 1000)))

    def restart(self, after: float = 0.0) -> Door:
        """The same door, and its journal, after the process ended and was started again."""
        self.close()
        return Door(self.path, self.rules, VirtualClock(self.clock.wall() + after))

    def staff_release(self) -> bool:
        """As another process does it."""
        journal = Journal(self.path, origin=Origin("home", "front", "cli"), clock=self.clock, outbox=False)
        try:
            return lockouts.release(journal, self.clock)
        finally:
            journal.close()

    def close(self) -> None:
        self.lock.close()
        self.kept.close()
