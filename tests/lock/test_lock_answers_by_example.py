"""The lock's answers, case by case, where its pin fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from gpiozero.pins.mock import MockFactory

from edgegate.clock import VirtualClock
from edgegate.door.pulse import Pulse
from edgegate.errors import InDoubtError
from edgegate.events.vocabulary import Event
from edgegate.lock.controller import RETRY_SECONDS, LockController
from edgegate.lock.wiring import Wiring
from tests.support.faulty_pin import LATE, LIES, RAISES, WORKS, Faulty
from tests.support.lock_answers import Answers, AnswersOverTheSocket, pulse


@pytest.fixture
def door() -> Iterator[Answers]:
    door = Answers()
    yield door
    door.teardown()


def types(door: Answers) -> list[str]:
    return [event.type.value for event in door.told]


def test_a_pin_that_only_cannot_be_read_back_opens_and_locks_until_it_is_verified(door: Answers) -> None:
    door.pin.always = (WORKS, RAISES)
    assert pulse(door, 1.0)
    assert door.pin.level
    assert door.lock.fault == "GPIO 17 cannot be read back: no answer"
    assert types(door) == ["lock.fault", "lock.unlocked"]
    door.clock.advance(1.0)
    assert not door.pin.level
    assert not door.lock.locked, "not that anybody knew"
    door.clock.advance(30.0)
    door.pin.mend()
    door.clock.advance(door.now + RETRY_SECONDS)
    assert (door.lock.locked, door.lock.fault) == (True, None)
    assert types(door) == ["lock.fault", "lock.unlocked", "lock.locked"]


def test_an_exit_opens_although_the_pin_cannot_be_read_back() -> None:
    told: list[Event] = []
    factory = MockFactory(pin_class=Faulty)
    lock = LockController(Wiring(pins="mock", exit_pin=20), VirtualClock(), factory, told.append)
    factory.pin(17).always = (WORKS, RAISES)
    factory.pin(20).drive_low()
    assert factory.pin(17).level
    assert [event.type.value for event in told] == ["lock.fault", "exit.requested", "lock.unlocked"]
    assert lock.fault is not None
    factory.pin(17).mend()
    lock.close()


def test_what_may_be_open_and_cannot_be_read_is_in_doubt_and_not_called_locked(door: Answers) -> None:
    door.pin.script.append((LATE, WORKS))  # it did open
    door.pin.always = (RAISES, RAISES)
    with pytest.raises(InDoubtError, match="whether it is locked is not known"):
        pulse(door)
    assert door.pin.level
    assert not door.lock.locked
    assert not door.lock.status().locked
    assert types(door) == ["lock.fault"]
    door.pin.mend()
    door.clock.advance(RETRY_SECONDS)
    assert not door.pin.level


def test_a_door_that_is_known_to_be_open_stays_so_for_a_grant_that_cannot_drive_it(door: Answers) -> None:
    assert pulse(door, 1.0)
    door.pin.always = (RAISES, WORKS)
    assert pulse(door, 3.0)
    assert door.lock.fault is not None
    door.clock.advance(2.9)
    assert door.pin.level
    door.until = 3.0


def test_an_open_door_that_is_misread_once_opens_for_the_next_as_well(door: Answers) -> None:
    assert pulse(door, 1.0)
    door.pin.script.extend([(WORKS, WORKS), (WORKS, LIES)])
    assert pulse(door, 3.0)
    door.clock.advance(2.9)
    assert door.pin.level
    door.until = 3.0


def test_a_look_that_fails_is_reported_and_raises_nothing(door: Answers) -> None:
    door.pin.script.append((WORKS, RAISES))
    status = door.lock.status()
    assert (status.locked, status.fault) == (True, "GPIO 17 cannot be read back: no answer")
    door.clock.advance(RETRY_SECONDS)
    assert door.lock.status().fault is None
    assert types(door) == ["lock.fault"]


def test_a_keeper_says_that_it_is_in_doubt() -> None:
    door = AnswersOverTheSocket()
    try:
        door.client.ask_status()  # a look for itself, at the first request
        door.pin.script.append((LATE, WORKS))
        door.pin.always = (RAISES, RAISES)
        with pytest.raises(InDoubtError, match="whether it is locked is not known"):
            door.client.pulse(Pulse(3.0, door.now + 1.0, visit=1))
        assert door.pin.level
        assert not door.client.locked
        assert "cannot be driven" in str(door.client.fault)
    finally:
        door.teardown()
