"""No answer of the lock contradicts its pin, whatever its driver refuses and whatever reading it back says.

Asked in process, and through the real keeper's server, socket and client, on a virtual clock.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edgegate.clock import VirtualClock
from edgegate.door.pulse import Pulse
from edgegate.errors import InDoubtError, LockError
from edgegate.events.vocabulary import Event, EventType
from edgegate.keeper.__main__ import listen
from edgegate.keeper.client import KeeperClient
from edgegate.keeper.server import Server
from edgegate.keeper.spool import Spool
from edgegate.lock.controller import RETRY_SECONDS, LockController
from edgegate.lock.interface import LockStatus
from edgegate.lock.wiring import Wiring
from tests.loop.test_whole_door import FAST
from tests.support.faulty_pin import FAULTS, LATE, LIES, RAISES, WORKS, Fault, Faulty

WIRING = Wiring(pins="mock")


class Paced(LockController):
    """A lock that only the test looks after, so that nothing happens by chance; the keeper's loop counts its rounds."""

    def __init__(self, *args: Any) -> None:
        self.rounds = threading.Semaphore(0)
        super().__init__(*args)

    def tick(self) -> None:
        self.rounds.release()

    def look_after(self) -> None:
        super().tick()


class Patient(socket.socket):
    """A client's socket that does not mind a busy machine."""

    def settimeout(self, _value: float | None) -> None:
        super().settimeout(60.0)


faults = st.sampled_from(FAULTS)


@settings(max_examples=300, stateful_step_count=40, deadline=None)
class Answers(RuleBasedStateMachine):
    """In process. `until` is when the door is promised to be locked again, by what was answered."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.told = VirtualClock(), list[Event]()
        factory = MockFactory(pin_class=Faulty)
        self.pin: Faulty = factory.pin(WIRING.lock_pin)
        self.lock = Paced(WIRING, self.clock, factory, self.hear)
        self.until, self.mode = float("-inf"), "normal"
        self.asked: LockController | KeeperClient = self.lock

    def hear(self, event: Event) -> None:
        if event.type is EventType.LOCKED:
            assert self.pin.last_reading != RAISES, "it was read back"
        self.told.append(event)

    def ask_status(self) -> LockStatus:
        return self.lock.status()

    @property
    def now(self) -> float:
        return self.clock.monotonic()

    @property
    def levels(self) -> list[EventType]:
        return [event.type for event in self.told if event.type in {EventType.UNLOCKED, EventType.LOCKED}]

    def answer(self, ask: Callable[[], bool]) -> bool | None:
        """The answer, which is held against the pin; None where there is only an error."""
        before = self.pin.level
        self.pin.wrong.clear()
        try:
            opened = ask()
        except InDoubtError:
            assert len(self.pin.wrong) >= 2, "what fails once leaves no doubt"
            return None
        except LockError:
            assert not self.pin.level, "not opened"
            assert set(self.pin.wrong) - {f"reading {RAISES}"}, "a pin that only cannot be read back opens"
            return None
        if opened:
            assert self.pin.level, "opened"
            assert self.levels[-1] is EventType.UNLOCKED
        else:
            assert before or not self.pin.level, "refused"
        return opened

    @rule(script=st.lists(st.just((WORKS, WORKS)) | faults, min_size=1, max_size=4))
    def go_wrong(self, script: list[Fault]) -> None:
        self.pin.script.extend(script)

    @rule(fault=faults)
    def go_wrong_for_good(self, fault: Fault) -> None:
        self.pin.always = fault

    @rule(seconds=st.floats(0.1, 3.0), late=st.booleans())
    def pulse(self, seconds: float, *, late: bool) -> None:
        pulse = Pulse(seconds, self.now - 0.1 if late else self.now + 1.0, visit=1)
        opened = self.answer(lambda: self.asked.pulse(pulse))
        assert opened is not False or late or self.mode == "lockdown", "nobody is refused without a reason"
        assert not (opened and late)
        if opened:
            self.until = max(self.until, self.now + seconds)

    @rule(seconds=st.floats(0.1, 3.0))
    def hold(self, seconds: float) -> None:
        opened = self.answer(lambda: self.asked.hold(seconds))
        assert opened is not False or self.mode == "lockdown"
        if opened:
            self.until, self.mode = self.now + seconds, "hold"

    @rule()
    def lockdown(self) -> None:
        """It counts whatever the pin does, and is told as it is."""
        self.asked.lockdown()
        self.until, self.mode = float("-inf"), "lockdown"

    @rule()
    def resume(self) -> None:
        self.asked.resume()
        if self.mode != "normal" and not (self.mode == "hold" and self.now >= self.until):
            self.until, self.mode = float("-inf"), "normal"

    @rule()
    def status(self) -> None:
        status = self.ask_status()
        if self.pin.last_reading == WORKS:
            assert status.locked is not self.pin.level
        elif self.pin.last_reading == RAISES:
            assert status.fault is not None
            assert not (status.locked and self.pin.level), "who cannot know does not call an open door locked"
        assert status.fault == self.lock.fault

    @rule(seconds=st.floats(0.01, 3.0))
    def wait(self, seconds: float) -> None:
        self.clock.advance(self.now + seconds)
        if self.mode == "hold" and self.now >= self.until:
            self.mode = "normal"

    @rule()
    def look_after(self) -> None:
        with suppress(LockError):
            self.lock.look_after()

    @rule()
    def mend(self) -> None:
        """Nothing goes wrong any more: soon the pin is as was promised, and nothing is reported."""
        self.pin.mend()
        self.wait(RETRY_SECONDS)
        assert self.lock.fault is None
        assert self.pin.level == (self.now < self.until)

    @invariant()
    def open_only_as_promised_or_with_a_fault_reported(self) -> None:
        assert not self.pin.level or self.now < self.until or self.lock.fault is not None
        reported = any(event.type is EventType.LOCK_FAULT for event in self.told)
        assert reported or self.lock.fault is None

    def teardown(self) -> None:
        self.mend()
        self.wait(4.0)
        assert not self.pin.level
        assert self.levels == [EventType.UNLOCKED, EventType.LOCKED] * (len(self.levels) // 2)
        self.lock.close()


class AnswersOverTheSocket(Answers):
    """The same, asked of a keeper by a daemon."""

    def __init__(self) -> None:
        self.server: Server | None = None
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=FAST))
        self.spool = Spool(self.folder / "events")
        self.listener = listen(self.folder / "keeper.sock", 0o600, None)
        self.server = Server(self.listener, self.spool, self.clock, lambda: None)
        self.thread = threading.Thread(target=self.server.run, args=(self.lock,))
        self.thread.start()
        self.server.waker.send(b"\0")
        assert self.lock.rounds.acquire(timeout=60)
        path = self.folder / "keeper.sock"
        self.client = self.asked = KeeperClient(path, self.clock, lambda _event: None, Patient)

    def hear(self, event: Event) -> None:
        super().hear(event)
        if self.server is not None:
            self.server.tell(event)

    def ask_status(self) -> LockStatus:
        return self.client.ask_status()

    def teardown(self) -> None:
        assert self.server is not None
        self.client.close()
        self.server.stop()
        self.thread.join(60)
        super().teardown()
        self.listener.close()
        self.spool.close()
        shutil.rmtree(self.folder)


AnswersOverTheSocket.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestAnswers = Answers.TestCase
TestAnswersOverTheSocket = AnswersOverTheSocket.TestCase


class ThousandsOfAnswers(Answers):
    """The same, for longer."""


TestThousandsOfAnswers = pytest.mark.full(pytest.mark.timeout(3600)(ThousandsOfAnswers.TestCase))
TestThousandsOfAnswers.settings = settings(max_examples=5000, stateful_step_count=60, deadline=None)


# By example.


@pytest.fixture
def door() -> Iterator[Answers]:
    door = Answers()
    yield door
    door.teardown()


def pulse(door: Answers, seconds: float = 3.0) -> bool:
    return door.lock.pulse(Pulse(seconds, door.now, visit=1))


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
