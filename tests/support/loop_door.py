"""A loop with a slow pipeline, a slow lock and a failing journal."""

from __future__ import annotations

import queue
from dataclasses import dataclass, field
from pathlib import Path

from gpiozero.pins.mock import MockFactory

from edgegate.access.gate import Gate, GateRules
from edgegate.access.observation import Sighting
from edgegate.clock import VirtualClock
from edgegate.door.pulse import Pulse
from edgegate.errors import LockError
from edgegate.events.cloudevents import CloudEvent, Origin
from edgegate.events.vocabulary import Event
from edgegate.journal import Journal, read
from edgegate.lock.controller import LockController, build_lock
from edgegate.lock.interface import LockStatus
from edgegate.lock.wiring import Wiring
from edgegate.loop.turn import Loop, Turn
from edgegate.types import Frame
from tests.support.fakes import FailingJournal, FakePipeline, frame_at
from tests.support.faulty_pin import Faulty

RULES = GateRules(unlock_seconds=3.0, max_frame_age=0.5, decide_after_frames=3, refuse_after_frames=3)


GRANTED, STALE, UNKNOWN = "access.granted recognised", "access.denied stale", "access.denied unknown"


UNLOCKED, LOCKED = "lock.unlocked", "lock.locked"


class SlowPipeline(FakePipeline):
    """Takes `seconds` over every frame."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock
        self.seconds = 0.0

    def look(self, frame: Frame) -> tuple[Sighting, ...]:
        self._clock.advance(self._clock.monotonic() + self.seconds)
        return super().look(frame)


class SlowLock:
    """A real lock that every pulse reaches `seconds` late."""

    def __init__(self, lock: LockController, clock: VirtualClock) -> None:
        self._lock = lock
        self._clock = clock
        self.seconds, self.fails = 0.0, False
        self.unreachable: str | None = None

    @property
    def locked(self) -> bool:
        return self._lock.locked

    @property
    def fault(self) -> str | None:
        return self.unreachable or self._lock.fault

    def pulse(self, pulse: Pulse) -> bool:
        self._clock.advance(self._clock.monotonic() + self.seconds)
        if self.fails:
            raise LockError("the lock keeper does not answer")
        return self._lock.pulse(pulse)

    def status(self) -> LockStatus:
        return self._lock.status()

    def hold(self, seconds: float) -> bool:
        return self._lock.hold(seconds)

    def lockdown(self) -> None:
        self._lock.lockdown()

    def resume(self) -> None:
        self._lock.resume()

    def close(self) -> None:
        self._lock.close()


@dataclass
class Door:
    """A loop with a real gate, journal and lock (on mock pins) around a pipeline that sees what it is told."""

    path: Path
    clock: VirtualClock = field(default_factory=VirtualClock)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        changes: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.pipeline = SlowPipeline(self.clock)
        self.kept = Journal(self.path, origin=Origin("home", "front", "b1"), clock=self.clock, outbox=False)
        self.journal = FailingJournal(self.kept)
        pins = Wiring(pins="mock")
        factory = MockFactory(pin_class=Faulty)
        self.pin: Faulty = factory.pin(pins.lock_pin)
        self.lock = SlowLock(build_lock(pins, self.clock, changes.put, factory), self.clock)
        self.loop = Loop(
            self.pipeline,
            Gate(RULES, "embedder-1"),
            self.journal,
            self.lock,
            changes,
            self.clock,
            {"ann": "Ann Lee"}.get,
            self._tell,
        )

    def _tell(self, event: CloudEvent) -> None:
        assert event["id"] in {kept["id"] for kept in read(self.path)}, "told before it was durable"
        self.told.append(in_words(event))

    def see(self, *view: Sighting, frames: int = 1, age: float = 0.05) -> Turn:
        """Some frames of the same view, a tenth of a second apart; the answer is the last turn."""
        for _ in range(frames):
            self.clock.advance(self.clock.monotonic() + 0.1)
            self.pipeline.view = view
            turn = self.loop.turn(frame_at(self.clock.monotonic() - age))
        return turn

    def written(self) -> list[str]:
        return [in_words(event) for event in read(self.path)]

    def close(self) -> None:
        self.lock.close()
        self.kept.close()


def in_words(event: CloudEvent) -> str:
    return " ".join([event["type"].removeprefix("io.edgegate."), event["data"].get("reason", "")]).strip()
