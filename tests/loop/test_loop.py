"""One turn of the door: written down before the lock is touched, and what the lock did written down after."""

from __future__ import annotations

import math
import queue
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from edgegate.access.gate import Gate, GateRules
from edgegate.access.observation import Sighting
from edgegate.clock import VirtualClock
from edgegate.door.pulse import Pulse
from edgegate.errors import JournalError, LockError
from edgegate.events.cloudevents import CloudEvent, Origin
from edgegate.events.vocabulary import Event
from edgegate.journal import Journal, read
from edgegate.lock.controller import LockController, build_lock
from edgegate.lock.interface import LockStatus
from edgegate.lock.wiring import Wiring
from edgegate.loop.turn import Loop, Turn
from edgegate.types import Frame
from tests.support.fakes import FailingJournal, FakePipeline, frame_at, seen
from tests.support.faulty_pin import RAISES, WORKS, Faulty
from tests.support.holding import between, calls_noted

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


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(tmp_path / "journal.db")
    yield door
    door.close()


def test_a_recognised_person_is_written_down_told_and_let_in_and_the_door_locks_again(door: Door) -> None:
    turn = door.see(seen())
    assert not turn.locked
    assert [in_words(event) for event in turn.events] == [GRANTED, UNLOCKED]
    turn = door.see(seen(), frames=40)
    assert turn.locked
    assert door.written() == door.told == [GRANTED, UNLOCKED, LOCKED]


def test_the_name_is_told_and_never_kept(door: Door) -> None:
    (granted, _) = door.see(seen()).events
    (kept, _) = read(door.path)
    assert (granted["subject"], granted["data"]["person"]) == ("ann", "Ann Lee")
    assert (kept["subject"], kept["data"]["person"]) == ("ann", None)
    assert b"Ann Lee" not in door.path.read_bytes()


def test_a_turn_shows_the_frame_and_what_was_seen_in_it(door: Door) -> None:
    stranger = seen(None)
    turn = door.see(stranger)
    assert (turn.sightings, turn.events, turn.locked) == ((stranger,), (), True)
    assert turn.frame.at == pytest.approx(0.05)


def test_latency_counts_from_when_the_loop_took_the_frame_and_age_from_when_it_was_taken(door: Door) -> None:
    door.pipeline.seconds = 0.2
    (granted, _) = door.see(seen(), age=0.1).events
    assert (granted["data"]["latency_ms"], granted["data"]["frame_age_ms"]) == (200, 300)


def test_a_machine_that_takes_too_long_over_a_frame_opens_nothing(door: Door) -> None:
    door.pipeline.seconds = 0.6
    assert door.see(seen(), frames=3).locked
    assert door.written() == [STALE]


# The journal comes first.


def test_while_the_journal_cannot_be_written_nobody_is_let_in(door: Door) -> None:
    door.journal.room = 0
    for _ in range(5):
        with pytest.raises(JournalError):
            door.see(seen())
        assert door.lock.locked
    assert door.told == []


def test_as_soon_as_the_journal_works_again_who_waits_is_let_in_once(door: Door) -> None:
    door.journal.room = 0
    with pytest.raises(JournalError):
        door.see(seen())
    door.journal.room = math.inf
    assert not door.see(seen()).locked
    door.see(seen(), frames=40)
    assert door.written() == [GRANTED, UNLOCKED, LOCKED]


def test_a_refusal_that_could_not_be_written_is_written_once_the_journal_works(door: Door) -> None:
    door.see(seen(None), frames=2)
    door.journal.room = 0
    with pytest.raises(JournalError):
        door.see(seen(None))
    door.journal.room = math.inf
    door.see(frames=3)
    assert door.written() == door.told == [UNKNOWN]
    (event,) = read(door.path)
    assert event["time"] == "1970-01-01T00:00:00.300Z"


def test_what_the_lock_did_meanwhile_is_kept_in_order_until_it_can_be_written(door: Door) -> None:
    door.see(seen())
    door.journal.room = 0
    for _ in range(40):
        door.clock.advance(door.clock.monotonic() + 0.1)
        if door.lock.locked:
            with pytest.raises(JournalError):
                door.loop.settle()
    door.journal.room = math.inf
    door.see()
    assert door.written() == [GRANTED, UNLOCKED, LOCKED]
    times = [event["time"] for event in read(door.path)]
    assert times == sorted(times)


def test_a_lock_that_opened_stays_written_down_if_the_disk_fills_up_at_that_moment(door: Door) -> None:
    door.journal.room = 1
    with pytest.raises(JournalError):
        door.see(seen())
    assert not door.lock.locked
    door.journal.room = math.inf
    door.see()
    assert door.written() == [GRANTED, UNLOCKED]


def test_a_refusal_of_the_lock_that_could_not_be_written_is_kept_too(door: Door) -> None:
    door.lock.seconds, door.journal.room = 0.6, 1
    with pytest.raises(JournalError):
        door.see(seen())
    door.lock.seconds, door.journal.room = 0.0, math.inf
    door.see(seen())
    assert door.written() == [GRANTED, STALE, GRANTED, UNLOCKED]


# The lock comes last.


def test_nothing_comes_between_the_commit_of_a_grant_and_its_pulse(door: Door) -> None:
    with calls_noted() as calls:
        door.see(seen())
    assert between(calls, "FailingJournal.append", "SlowLock.pulse") == ["Loop._ask_lock"]


def test_a_grant_is_told_once_the_lock_was_asked_and_before_what_the_lock_did(door: Door) -> None:
    with calls_noted() as calls:
        door.see(seen())
    order = [name for event, name in calls if event == "call" and name in {"SlowLock.pulse", "Door._tell"}]
    assert order == ["SlowLock.pulse", "Door._tell", "Door._tell"]
    assert door.told == [GRANTED, UNLOCKED]


def test_a_pulse_that_reaches_the_lock_too_late_is_refused_and_the_next_one_may_open(door: Door) -> None:
    door.lock.seconds = 0.6
    turn = door.see(seen())
    assert turn.locked
    assert [in_words(event) for event in turn.events] == [GRANTED, STALE]
    door.lock.seconds = 0.0
    assert not door.see(seen()).locked
    assert door.written() == door.told == [GRANTED, STALE, GRANTED, UNLOCKED]


def test_what_the_lock_did_between_frames_is_written_before_the_next_decision(door: Door) -> None:
    door.see(seen())
    door.clock.advance(10.0)
    door.see(seen("ben", track=2))
    assert door.written() == [GRANTED, UNLOCKED, LOCKED, GRANTED, UNLOCKED]


def test_in_lockdown_who_is_recognised_is_refused_once_and_let_in_when_it_ends(door: Door) -> None:
    door.lock.lockdown()
    assert door.see(seen(), frames=5).locked
    assert door.written() == ["lockdown.started", "access.denied lockdown"]
    door.lock.resume()
    assert not door.see(seen()).locked
    assert door.written()[2:] == ["lockdown.ended", GRANTED, UNLOCKED]


def test_a_lock_that_cannot_be_asked_is_a_refusal_and_not_the_end(door: Door) -> None:
    door.lock.unreachable = "the lock keeper does not run"
    assert door.see(seen(), frames=5).locked
    assert door.written() == ["access.denied lock_fault"]
    door.lock.unreachable = None
    assert not door.see(seen()).locked


def test_a_lock_that_fails_at_the_last_moment_is_a_refusal_too(door: Door) -> None:
    door.lock.fails = True
    assert door.see(seen()).locked
    door.lock.fails = False
    assert not door.see(seen()).locked
    assert door.written() == [GRANTED, "access.denied lock_fault", GRANTED, UNLOCKED]


def test_somebody_let_in_is_not_refused_because_the_pin_cannot_be_read_back_afterwards(door: Door) -> None:
    fault = "lock.fault GPIO 17 cannot be read back: no answer"
    door.see(seen(), frames=2)
    door.see()
    for reads in range(4):  # once in the driving, or in whichever look comes after it
        door.see(frames=80)
        before = len(door.written())
        door.pin.script.extend([(WORKS, WORKS)] * (reads + 2) + [(WORKS, RAISES)])
        door.see(seen(track=10 + reads, visit=10 + reads), frames=5)
        told = door.written()[before:]
        assert sorted(told) == sorted([GRANTED, UNLOCKED, fault]), told


def test_while_the_pin_cannot_be_read_back_the_door_goes_on_and_says_so(door: Door) -> None:
    door.pin.always = (WORKS, RAISES)
    assert door.see(frames=3).locked, "as it was verified last"
    assert door.see(seen(), frames=5).locked
    door.pin.mend()
    door.see(frames=2)
    assert not door.see(seen()).locked
    assert [what.split(" GPIO")[0] for what in door.written()] == [
        "lock.fault", "access.denied lock_fault", GRANTED, UNLOCKED
    ]  # fmt: skip
