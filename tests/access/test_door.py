"""Hold-open hours and lock-out at a whole door: a real gate, journal and lock (on mock pins), in virtual time."""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edgegate.access import Calendar, HoldOpenHours, LockOutRules, Schedule
from edgegate.access.gate import Gate, GateRules
from edgegate.access.hold_open import GRACE_SECONDS as HOLD_OPEN_GRACE
from edgegate.access.observation import Sighting
from edgegate.app import take_up_lockout
from edgegate.clock import SystemClock, VirtualClock
from edgegate.errors import JournalError
from edgegate.events.cloudevents import CloudEvent, Origin
from edgegate.events.vocabulary import Event
from edgegate.journal import Journal, lockouts, read
from edgegate.keeper.client import KeeperClient
from edgegate.lock.controller import build_lock
from edgegate.lock.wiring import Wiring
from edgegate.loop.turn import RELEASE_SECONDS, Loop
from tests.access.test_schedule import at
from tests.lock.test_lock_door import EXIT
from tests.lock.test_lock_door import Door as WiredDoor
from tests.support.fakes import FailingJournal, FakePipeline, frame_at, seen
from tests.support.keepers import Process

HOURS = HoldOpenHours(Schedule.parse("shop", ["mon 08:00-08:10"]), Calendar(ZoneInfo("Europe/Berlin")))
EIGHT = at("2026-06-15T08:00")
SHOP = GateRules(decide_after_frames=3, refuse_after_frames=3, hold_open=HOURS)
CAREFUL = GateRules(
    decide_after_frames=3, refuse_after_frames=3, lockout=LockOutRules(refusals=3, window_seconds=60, seconds=120)
)
STARTED, LOCKED_OUT, ENDED = "access.lockout_started refusals", "access.denied locked_out", "access.lockout_ended time"
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


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Door]:
    door = Door(tmp_path / "journal.db", SHOP)
    yield door
    door.close()


@pytest.fixture
def careful(tmp_path: Path) -> Door:
    return Door(tmp_path / "journal.db", CAREFUL)


# Hold-open hours.


def test_from_the_first_person_on_the_door_stands_open_and_locks_when_the_hours_are_over(shop: Door) -> None:
    shop.wait(65)
    assert shop.lock.locked
    shop.wait(1, seen())
    assert shop.told == [GRANTED, "lock.unlocked", OPENED, "hold.started"]
    while shop.clock.wall() < EIGHT + 599.95:
        assert not shop.lock.locked
        shop.turn()
    shop.wait(0.2)
    assert shop.lock.locked
    shop.wait(1)
    assert sorted(shop.told[4:]) == ["access.hold_open_ended schedule", "hold.ended", "lock.locked"]


def test_the_hours_are_kept_while_the_camera_is_dead(shop: Door) -> None:
    shop.wait(65)
    shop.wait(1, seen())
    shop.films = False
    shop.wait(120)
    assert not shop.lock.locked
    shop.wait(480)
    assert shop.lock.locked


def test_a_journal_that_fails_at_the_opening_moment_costs_no_more_than_its_own_time(tmp_path: Path) -> None:
    shop = Door(tmp_path / "journal.db", replace(SHOP, hold_open=replace(HOURS, first_person=False)))
    shop.wait(58)
    shop.journal.room = 0
    for _ in range(100):
        with suppress(JournalError):
            shop.turn()
    assert shop.lock.locked
    shop.journal.room = math.inf
    shop.wait(2)
    assert not shop.lock.locked
    assert shop.told == ["access.hold_open_started schedule", "hold.started", "lock.unlocked"]
    shop.close()


def test_the_door_is_not_held_open_without_a_word_in_the_journal(shop: Door) -> None:
    shop.wait(65)
    shop.journal.room = 2  # the grant and the unlocking
    for _ in range(100):
        try:
            shop.turn(seen())
        except JournalError:
            continue
    assert shop.lock.locked
    assert OPENED not in shop.told
    shop.journal.room = math.inf
    shop.wait(5)
    assert shop.lock.locked
    shop.wait(6)
    shop.wait(1, seen(track=2))
    shop.wait(60)
    assert not shop.lock.locked


def test_a_loop_that_stands_still_lets_the_door_lock_within_half_a_minute(shop: Door) -> None:
    shop.wait(65)
    shop.wait(60, seen())
    assert not shop.lock.locked
    shop.clock.advance(shop.clock.monotonic() + 30)
    assert shop.lock.locked


def test_in_lockdown_the_door_is_not_held_open_and_afterwards_only_for_the_next_person(shop: Door) -> None:
    shop.wait(65)
    shop.wait(30, seen())
    shop.lock.lockdown()
    shop.wait(30)
    assert shop.lock.locked
    shop.lock.resume()
    shop.wait(30)
    assert shop.lock.locked
    shop.wait(30, seen(track=2))
    assert not shop.lock.locked


def test_after_a_restart_the_next_person_opens_the_door_again(shop: Door) -> None:
    shop.wait(65)
    shop.wait(30, seen())
    again = shop.restart()
    again.wait(5)
    assert again.lock.locked
    again.wait(5, seen())
    assert again.told[:3] == [GRANTED, "lock.unlocked", OPENED]
    again.close()


def test_a_lock_keeper_of_its_own_holds_the_door_open_and_lets_it_lock_when_nobody_asks(tmp_path: Path) -> None:
    clock = SystemClock(is_synchronized=lambda: True)
    always = HoldOpenHours(Schedule.parse("always", ["daily 00:00-24:00"]), Calendar(), first_person=False)
    journal = Journal(tmp_path / "journal.db", origin=Origin("home", "front", "b1"), clock=clock, outbox=False)
    with Process(tmp_path) as keeper:
        keeper.wait_for("READY=1")
        changes = queue.SimpleQueue[Event]()
        client = KeeperClient(tmp_path / "keeper.sock", clock, changes.put)
        client.start(None)
        gate = Gate(replace(SHOP, hold_open=always), "m")
        loop = Loop(FakePipeline(), gate, journal, client, changes, clock, nobody, lambda _: None)
        end = clock.monotonic() + HOLD_OPEN_GRACE + 1.5
        while clock.monotonic() < end:
            loop.tick()
            threading.Event().wait(0.05)
        assert not client.locked
        client.hold(0.1)
        while not client.ask_status().locked:
            threading.Event().wait(0.05)
        client.close()
    told = [event["type"].removeprefix("io.edgegate.") for event in read(journal.path)]
    assert told[0] == "access.hold_open_started"
    assert sorted(told[1:]) == ["hold.started", "lock.unlocked"]
    journal.close()


# Lock-out.


def test_after_so_many_refused_visits_no_face_opens_the_door_and_time_ends_that(careful: Door) -> None:
    careful.strangers(3)
    assert careful.told[-1] == STARTED
    careful.wait(5, seen())
    assert careful.told[-1] == LOCKED_OUT
    assert careful.lock.locked
    careful.strangers(3)
    assert STARTED not in careful.told[careful.told.index(LOCKED_OUT) :]
    careful.wait(120)
    assert careful.told[-1] == ENDED
    careful.wait(1, seen())
    assert not careful.lock.locked


def test_who_stands_there_when_it_ends_is_let_in(careful: Door) -> None:
    careful.strangers(3)
    careful.wait(125, seen())
    assert careful.told[careful.told.index(STARTED) + 1 :][:4] == [LOCKED_OUT, ENDED, GRANTED, "lock.unlocked"]


def test_it_survives_a_restart_for_as_long_as_it_was_to_last(careful: Door) -> None:
    careful.strangers(3)
    again = careful.restart(after=100)
    again.wait(10, seen())
    assert again.told == [LOCKED_OUT]
    again.wait(11, seen())
    assert again.told[1:3] == [ENDED, GRANTED]
    later = again.restart()
    later.wait(1, seen())
    assert later.told[0] == GRANTED
    later.close()


def test_one_that_ended_while_nobody_was_there_is_told_at_the_start(careful: Door) -> None:
    careful.strangers(3)
    again = careful.restart(after=3600)
    again.wait(1, seen())
    assert again.told[:2] == [ENDED, GRANTED]
    again.close()


def test_a_clock_that_was_set_back_makes_it_no_longer(careful: Door) -> None:
    careful.strangers(3)
    again = careful.restart(after=-86_400)
    again.wait(119, seen())
    assert again.told == [LOCKED_OUT]
    again.wait(2, seen())
    assert again.told[1] == ENDED
    again.close()


def test_staff_end_it_from_another_process_and_the_door_notices_at_once(careful: Door) -> None:
    assert not careful.staff_release()
    careful.strangers(3)
    careful.wait(1)
    assert careful.staff_release()
    assert not careful.staff_release()
    careful.wait(RELEASE_SECONDS + 0.2)
    assert not careful.gate.locked_out
    careful.wait(1, seen())
    assert careful.told[-2:] == [GRANTED, "lock.unlocked"]
    kept = [event["data"]["reason"] for event in read(careful.path, kind="access.lockout_ended")]
    assert kept == ["released"]
    again = careful.restart()
    again.wait(1, seen())
    assert again.told[0] == GRANTED
    again.close()


def test_an_old_release_does_not_end_a_lock_out_whose_start_is_not_written_yet(careful: Door) -> None:
    careful.strangers(3)
    careful.staff_release()
    careful.wait(5)
    careful.journal.room = 3
    for _ in range(60):
        try:
            careful.turn(seen(None, track=round(careful.clock.monotonic() / 2) + 10_000))
        except JournalError:
            break
    assert careful.gate.locked_out
    for _ in range(30):
        with pytest.raises(JournalError):
            careful.turn()
    careful.journal.room = math.inf
    careful.wait(3)
    assert careful.gate.locked_out
    assert careful.told[-1] == STARTED
    careful.close()


def test_exits_know_nothing_of_it(tmp_path: Path) -> None:
    wired = WiredDoor()
    gate = Gate(replace(CAREFUL, lockout=LockOutRules(1, 60, 60)), "m")
    journal = Journal(tmp_path / "journal.db", origin=Origin("home", "front", "b1"), clock=wired.clock, outbox=False)
    pipeline, changes = FakePipeline(), queue.SimpleQueue[Event]()
    loop = Loop(pipeline, gate, journal, wired.lock, changes, wired.clock, nobody, lambda _: None)
    pipeline.view = (seen(None),)
    for _ in range(3):
        loop.turn(frame_at(wired.clock.monotonic()))
    assert gate.locked_out
    wired.flip(EXIT)
    assert wired.open
    wired.lock.close()
    journal.close()
