"""Lock-out at a whole door: gate, loop, journal and lock."""

from __future__ import annotations

import math
import queue
from dataclasses import replace
from pathlib import Path

import pytest

from edgegate.access import LockOutRules
from edgegate.access.gate import Gate, GateRules
from edgegate.errors import JournalError
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event
from edgegate.journal import Journal, read
from edgegate.loop.turn import RELEASE_SECONDS, Loop
from tests.support.access_door import GRANTED, Door, nobody
from tests.support.fakes import FakePipeline, frame_at, seen
from tests.support.lock_door import EXIT
from tests.support.lock_door import Door as WiredDoor

CAREFUL = GateRules(
    decide_after_frames=3, refuse_after_frames=3, lockout=LockOutRules(refusals=3, window_seconds=60, seconds=120)
)


STARTED, LOCKED_OUT, ENDED = "access.lockout_started refusals", "access.denied locked_out", "access.lockout_ended time"


@pytest.fixture
def careful(tmp_path: Path) -> Door:
    return Door(tmp_path / "journal.db", CAREFUL)


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
