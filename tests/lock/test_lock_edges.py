"""A wired door whose edges are missed or late, whose timers fail, and any sequence of what may happen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from gpiozero.pins.mock import MockFactory
from gpiozero.pins.pi import PiPin
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edgegate.clock import Cancel, VirtualClock
from edgegate.door.pulse import MAX_PULSE_SECONDS
from edgegate.errors import LockError
from edgegate.events.vocabulary import Event, EventType
from edgegate.lock.controller import LockController, build_lock
from edgegate.lock.inputs import BOUNCE_SECONDS, MISSED_SECONDS
from edgegate.lock.interface import LockStatus
from edgegate.lock.wiring import Wiring
from tests.support.lock_door import (
    CONTACT,
    EXIT,
    FIRE,
    HANDLE,
    TAMPER,
    WIRING,
    Door,
)


def test_an_edge_that_nobody_saw_is_made_up_for(door: Door) -> None:
    pin = door.factory.pin(EXIT)
    pin.grounded = True
    pin._change_state(False)  # without telling anybody
    door.lock.tick()
    assert not door.open, "it may be on its way"
    door.wait(MISSED_SECONDS)
    door.lock.tick()
    assert door.open
    door.wait(MISSED_SECONDS)
    door.lock.tick()
    door.lock.tick()
    assert door.types == ["exit.requested", "lock.unlocked"]


def test_an_edge_on_its_way_is_told_once_however_often_is_looked_meanwhile(door: Door) -> None:
    pin = door.factory.pin(EXIT)
    pin.grounded = True
    pin._change_state(False)
    for _ in range(5):
        door.lock.tick()
        door.wait(BOUNCE_SECONDS / 5)
    pin._call_when_changed()  # debounced
    door.lock.tick()
    assert door.types == ["exit.requested", "lock.unlocked"]


class LateEdges:
    """A pin's edges, held back and delivered later, as by a driver's thread that the machine had no time for."""

    def __init__(self, door: Door, number: int) -> None:
        self._pin, self._factory = door.factory.pin(number), door.factory
        self._held: list[tuple[float, bool]] = []

    def flip(self) -> None:
        self._pin.grounded = not self._pin.grounded
        self._pin._change_state(not self._pin.grounded)
        self._held.append((self._factory.ticks(), bool(self._pin.state)))

    def deliver(self) -> None:
        """Each with the time that the kernel noted."""
        for at, level in self._held:
            PiPin._call_when_changed(self._pin, at, level)
        self._held.clear()


def test_what_was_made_up_for_does_not_happen_again_when_the_edges_come_after_all(door: Door) -> None:
    late = LateEdges(door, EXIT)
    late.flip()
    door.lock.tick()
    door.wait(MISSED_SECONDS)
    door.lock.tick()
    assert door.open
    door.wait(0.1)
    late.flip()
    door.lock.tick()
    door.wait(MISSED_SECONDS)
    door.lock.tick()
    late.deliver()
    door.wait(100.0)
    assert door.types == ["exit.requested", "lock.unlocked", "lock.locked"]


def test_an_edge_that_only_comes_late_counts_and_so_does_a_new_one(door: Door) -> None:
    late = LateEdges(door, EXIT)
    for _ in range(2):  # between two looks: nobody made up for it
        late.flip()
        door.wait(0.1)
        late.flip()
        door.wait(0.4)
        door.lock.tick()
        late.deliver()
        assert door.open
        door.wait(10.0)
    late.flip()
    door.lock.tick()
    door.wait(MISSED_SECONDS)
    door.lock.tick()
    late.deliver()
    assert door.open
    door.wait(10.0)
    door.flip(EXIT)
    door.flip(EXIT)
    door.wait(10.0)
    assert door.types == 4 * ["exit.requested", "lock.unlocked", "lock.locked"]


def test_a_press_between_two_looks_counts_after_a_release_that_was_made_up_for(door: Door) -> None:
    late = LateEdges(door, EXIT)
    door.flip(EXIT)
    door.wait(10.0)
    late.flip()
    door.lock.tick()
    late.flip()
    door.wait(MISSED_SECONDS / 2)
    late.flip()
    door.wait(MISSED_SECONDS / 2)
    door.lock.tick()
    assert not door.open
    late.deliver()
    assert door.open
    door.wait(100.0)
    assert door.types == 2 * ["exit.requested", "lock.unlocked", "lock.locked"]


class NoTimers(VirtualClock):
    """A machine that cannot start another thread."""

    def call_at(self, at: float, act: Callable[[], None]) -> Cancel:
        raise RuntimeError("can't start new thread")


def test_without_timers_no_request_opens_but_the_exit_does_and_a_tick_locks_again() -> None:
    door = Door(clock=NoTimers())
    with pytest.raises(LockError, match="timer"):
        door.grant()
    with pytest.raises(LockError, match="timer"):
        door.lock.hold(5.0)
    assert not door.open
    door.flip(EXIT)
    assert door.open
    door.wait(5.0)
    door.lock.tick()
    assert not door.open


class FailingTimers(VirtualClock):
    """A machine that has had enough of threads from some moment on."""

    failing = False

    def call_at(self, at: float, act: Callable[[], None]) -> Cancel:
        if self.failing:
            raise RuntimeError("can't start new thread")
        return super().call_at(at, act)


@pytest.mark.parametrize("asked", ["pulse", "hold", "exit", "fire"])
def test_without_timers_lockdown_and_resume_are_done_all_the_same(asked: str) -> None:
    clock = FailingTimers()
    door = Door(clock=clock)
    match asked:
        case "pulse":
            door.grant()
        case "hold":
            door.lock.hold(3600.0)
            door.flip(EXIT)  # whose end comes before the hold's
        case "exit":
            door.flip(EXIT)
        case "fire":
            door.flip(FIRE)
    assert door.open
    clock.failing = True
    door.lock.lockdown()
    assert door.lock.status().mode == "lockdown"
    assert door.open == (asked != "pulse"), "lockdown keeps nobody in"
    if asked == "fire":
        door.flip(FIRE)
    door.wait(WIRING.exit_seconds)
    door.lock.tick()
    assert not door.open
    door.lock.resume()
    assert door.lock.status().mode == "normal"
    with pytest.raises(LockError, match="timer"):
        door.grant()
    assert not door.open
    door.lock.close()


def test_a_pin_in_use_is_named_and_the_lock_is_given_back() -> None:
    factory = MockFactory()
    taken = LockController(Wiring(lock_pin=EXIT), VirtualClock(), factory, lambda event: None)
    with pytest.raises(LockError, match=r"door\.exit_pin = 20: the pin cannot be claimed"):
        LockController(WIRING, VirtualClock(), factory, lambda event: None)
    taken.close()
    LockController(Wiring(), VirtualClock(), factory, lambda event: None).close()


def test_on_mock_pins_nothing_but_the_lock_is_wired() -> None:
    told: list[Event] = []
    clock = VirtualClock()
    lock = build_lock(WIRING, clock, told.append)
    clock.advance(1000.0)
    assert lock.status() == LockStatus(locked=True, door="unknown", mode="normal", wiring=WIRING.digest)
    assert told == []
    lock.close()


@settings(max_examples=60, stateful_step_count=30, deadline=None)
class AnyLock(RuleBasedStateMachine):
    """Anything done to the real lock: the pin is unlocked for a cause that was told, and not longer."""

    def __init__(self) -> None:
        super().__init__()
        self.door = Door()
        self.until = 0.0

    def teardown(self) -> None:
        self.door.lock.close()
        assert not self.door.open

    @property
    def now(self) -> float:
        return self.door.clock.monotonic()

    @rule(seconds=st.floats(0.0, 60.0))
    def wait(self, seconds: float) -> None:
        self.door.wait(seconds)

    @rule(seconds=st.floats(0.1, MAX_PULSE_SECONDS))
    def grant(self, seconds: float) -> None:
        if self.door.grant(seconds):
            self.until = max(self.until, self.now + seconds)

    @rule(seconds=st.floats(0.1, 600.0))
    def hold(self, seconds: float) -> None:
        if self.door.lock.hold(seconds):
            self.until = max(self.until, self.now + seconds)

    @rule()
    def lockdown(self) -> None:
        self.door.lock.lockdown()

    @rule()
    def resume(self) -> None:
        self.door.lock.resume()

    @rule()
    def press(self) -> None:
        self.door.flip(EXIT)
        if self.door.factory.pin(EXIT).grounded:
            assert self.door.open, "egress always works"
            self.until = max(self.until, self.now + WIRING.exit_seconds)

    @rule(number=st.sampled_from([CONTACT, HANDLE, TAMPER, FIRE]))
    def flip(self, number: int) -> None:
        self.door.flip(number)

    @rule()
    def tick(self) -> None:
        self.door.lock.tick()

    @invariant()
    def it_is_open_for_a_cause_and_no_longer(self) -> None:
        burning = not self.door.factory.pin(FIRE).grounded
        assert self.door.open or not burning, "fire always works"
        assert burning or not self.door.open or self.now < self.until
        assert self.door.open != self.door.lock.locked

    @invariant()
    def every_change_was_told_in_order_with_its_cause(self) -> None:
        changes = [event for event in self.door.told if event.type in {EventType.UNLOCKED, EventType.LOCKED}]
        assert [event.type for event in changes[::2]] == [EventType.UNLOCKED] * len(changes[::2])
        assert [event.type for event in changes[1::2]] == [EventType.LOCKED] * len(changes[1::2])
        assert len(changes) % 2 == self.door.open
        assert all(event.data["cause"] for event in changes[::2])
        times = [event.at for event in changes]
        assert times == sorted(times)


TestAnyLock = AnyLock.TestCase
