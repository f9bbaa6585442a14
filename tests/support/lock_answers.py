"""A lock on a pin that fails, whose answers are held against the pin."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

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
from tests.support.faulty_pin import FAULTS, RAISES, WORKS, Fault, Faulty

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


class Patient(socket.socket):
    """A client's socket that does not mind a busy machine."""

    def settimeout(self, _value: float | None) -> None:
        super().settimeout(60.0)


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


def pulse(door: Answers, seconds: float = 3.0) -> bool:
    return door.lock.pulse(Pulse(seconds, door.now, visit=1))
