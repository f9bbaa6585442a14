"""Hold-open hours and lock-out at a whole door: a real gate, journal and lock (on mock pins), in virtual time."""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edgegate.access import Calendar, HoldOpenHours, Schedule
from edgegate.access.gate import Gate, GateRules
from edgegate.access.hold_open import GRACE_SECONDS as HOLD_OPEN_GRACE
from edgegate.clock import SystemClock
from edgegate.errors import JournalError
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event
from edgegate.journal import Journal, read
from edgegate.keeper.client import KeeperClient
from edgegate.loop.turn import Loop
from tests.support.access_door import EIGHT, GRANTED, OPENED, Door, nobody
from tests.support.fakes import FakePipeline, seen
from tests.support.keepers import Process

HOURS = HoldOpenHours(Schedule.parse("shop", ["mon 08:00-08:10"]), Calendar(ZoneInfo("Europe/Berlin")))


SHOP = GateRules(decide_after_frames=3, refuse_after_frames=3, hold_open=HOURS)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Door]:
    door = Door(tmp_path / "journal.db", SHOP)
    yield door
    door.close()


# Hold-open hours.


def test_the_door_stands_open_from_the_first_person_until_the_hours_are_over(shop: Door) -> None:
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


def test_lockdown_holds_no_door_open_and_afterwards_only_the_next_person_does(shop: Door) -> None:
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


def test_a_lock_keeper_holds_the_door_open_only_while_it_is_asked_to(tmp_path: Path) -> None:
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
