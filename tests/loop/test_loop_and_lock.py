"""A turn and its lock: nothing between commit and pulse, refusals of the lock, and what it did meanwhile."""

from __future__ import annotations

from tests.support.fakes import seen
from tests.support.faulty_pin import RAISES, WORKS
from tests.support.holding import between, calls_noted
from tests.support.loop_door import (
    GRANTED,
    LOCKED,
    STALE,
    UNLOCKED,
    Door,
    in_words,
)

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


def test_somebody_let_in_is_not_refused_for_a_read_back_that_fails_afterwards(door: Door) -> None:
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
