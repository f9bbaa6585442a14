"""One turn of the door: written down before the lock is touched, and what the lock did written down after."""

from __future__ import annotations

import math

import pytest

from edgegate.errors import JournalError
from edgegate.journal import read
from tests.support.fakes import seen
from tests.support.loop_door import (
    GRANTED,
    LOCKED,
    STALE,
    UNKNOWN,
    UNLOCKED,
    Door,
    in_words,
)


def test_a_recognised_person_is_journaled_and_let_in_and_the_door_locks_again(door: Door) -> None:
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


def test_latency_counts_from_the_loop_and_age_from_the_sensor(door: Door) -> None:
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
