"""The lock on gpiozero's mock pins: exact times on a virtual clock, levels as the pin recorded them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from gpiozero import GPIOZeroError
from gpiozero.pins.mock import MockFactory, MockPin
from hypothesis import given
from hypothesis import strategies as st

from edgegate.clock import Cancel, SystemClock, VirtualClock
from edgegate.door.pulse import MAX_PULSE_SECONDS, Pulse
from edgegate.errors import LockError
from edgegate.events.vocabulary import Event, EventType
from edgegate.lock.controller import RETRY_SECONDS, LockController, build_lock
from edgegate.lock.wiring import Wiring

NEVER_TOO_LATE = float("inf")
UNLOCKED, LOCKED = EventType.UNLOCKED, EventType.LOCKED
both_polarities = pytest.mark.parametrize("active_high", [True, False])


def pulse_of(seconds: float, not_after: float = NEVER_TOO_LATE) -> Pulse:
    return Pulse(seconds, not_after, visit=1)


class Jammed(MockPin):
    """A pin whose driver fails, or does nothing, when asked for the levels in `refused` or `ignored`."""

    refused: frozenset[bool] = frozenset()
    ignored: frozenset[bool] = frozenset()

    def _set_state(self, value: bool) -> None:
        if bool(value) in self.refused:
            raise GPIOZeroError("bus error")
        if bool(value) not in self.ignored:
            super()._set_state(value)


class Door:
    """A lock with everything around it in view."""

    def __init__(self, *, active_high: bool = True, clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock()
        self.told: list[tuple[EventType, float]] = []
        self.settings = Wiring(pins="mock", active_high=active_high)
        factory = MockFactory(pin_class=Jammed)
        self.lock = LockController(
            self.settings, self.clock, factory, lambda event: self.told.append((event.type, event.at))
        )
        self.pin: Jammed = factory.pin(self.settings.lock_pin)
        self.unlocked_level = active_high

    def levels(self) -> list[bool]:
        """The levels the pin had while it was an output, as unlocked (True) or locked (False)."""
        return [state.state == self.unlocked_level for state in self.pin.states if state is not self.pin.states[0]]

    @property
    def open(self) -> bool:
        return bool(self.pin.state) == self.unlocked_level


@both_polarities
def test_is_locked_from_the_first_moment_and_never_blips(active_high: bool) -> None:
    door = Door(active_high=active_high)
    assert door.lock.locked
    assert True not in door.levels()
    assert door.pin.function == "output"
    assert not door.open


@both_polarities
def test_a_pulse_opens_and_relocks_at_its_exact_end(active_high: bool) -> None:
    door = Door(active_high=active_high)
    door.clock.advance(10.0)
    assert door.lock.pulse(pulse_of(3.0))
    assert not door.lock.locked
    assert door.open
    door.clock.advance(12.999)
    assert door.open
    door.clock.advance(13.0)
    assert door.lock.locked
    assert not door.open
    assert door.told == [(UNLOCKED, 10.0), (LOCKED, 13.0)]


def test_late_evidence_opens_nothing() -> None:
    door = Door()
    door.clock.advance(5.0)
    assert not door.lock.pulse(pulse_of(3.0, not_after=4.999))
    assert door.levels() == []
    assert door.told == []
    assert door.lock.pulse(pulse_of(3.0, not_after=5.0))


def test_a_pulse_during_a_pulse_extends_it() -> None:
    door = Door()
    door.lock.pulse(pulse_of(3.0))
    door.clock.advance(2.0)
    door.lock.pulse(pulse_of(3.0))
    door.clock.advance(4.9)
    assert door.open
    door.clock.advance(60.0)
    assert door.told == [(UNLOCKED, 0.0), (LOCKED, 5.0)]
    assert door.levels() == [True, False]


def test_a_shorter_pulse_does_not_cut_a_longer_one_short() -> None:
    door = Door()
    door.lock.pulse(pulse_of(10.0))
    door.lock.pulse(pulse_of(0.5))
    door.clock.advance(60.0)
    assert door.told == [(UNLOCKED, 0.0), (LOCKED, 10.0)]


@both_polarities
def test_closing_in_the_middle_of_a_pulse_locks_first(active_high: bool) -> None:
    door = Door(active_high=active_high)
    door.lock.pulse(pulse_of(3.0))
    door.clock.advance(1.0)
    door.lock.close()
    assert not door.open
    assert door.levels()[-1] is False
    assert door.lock.locked
    assert door.pin.function == "input"
    door.lock.close()
    door.clock.advance(60.0)
    assert door.told == [(UNLOCKED, 0.0), (LOCKED, 1.0)]


def test_a_pulse_after_close_is_an_error() -> None:
    door = Door()
    door.lock.close()
    with pytest.raises(LockError, match="closed"):
        door.lock.pulse(pulse_of(1.0))
    assert door.told == []


def test_without_a_timer_nothing_opens() -> None:
    class NoThreads(VirtualClock):
        def call_at(self, at: float, act: Callable[[], None]) -> Cancel:
            raise RuntimeError("can't start new thread")

    door = Door(clock=NoThreads())
    with pytest.raises(LockError, match="timer"):
        door.lock.pulse(pulse_of(1.0))
    assert door.levels() == []
    assert door.told == []


@pytest.mark.parametrize("fault", ["refused", "ignored"])
def test_a_pin_that_cannot_be_unlocked_is_an_error_and_stays_locked(fault: str) -> None:
    door = Door()
    setattr(door.pin, fault, frozenset({True}))
    with pytest.raises(LockError, match="GPIO 17"):
        door.lock.pulse(pulse_of(1.0))
    assert door.lock.locked
    assert door.told == []
    assert door.lock.fault is None


@pytest.mark.parametrize("fault", ["refused", "ignored"])
@both_polarities
def test_locking_that_fails_is_told_and_tried_until_it_succeeds(fault: str, active_high: bool) -> None:
    door = Door(active_high=active_high)
    door.lock.pulse(pulse_of(1.0))
    setattr(door.pin, fault, frozenset({not active_high}))
    door.clock.advance(2.0)
    assert not door.lock.locked
    assert door.lock.fault is not None
    assert "GPIO 17" in door.lock.fault
    setattr(door.pin, fault, frozenset())
    door.clock.advance(2.0 + RETRY_SECONDS)
    assert door.lock.locked
    assert door.lock.fault is None
    assert [what for what, _ in door.told] == [UNLOCKED, EventType.LOCK_FAULT, LOCKED]


def test_closing_a_lock_that_cannot_be_locked_is_an_error() -> None:
    door = Door()
    door.lock.pulse(pulse_of(1.0))
    door.pin.refused = frozenset({False})
    with pytest.raises(LockError, match="bus error"):
        door.lock.close()
    assert not door.lock.locked
    assert door.told == [(UNLOCKED, 0.0)]


def test_a_pin_that_is_taken_cannot_be_claimed() -> None:
    door = Door()
    with pytest.raises(LockError, match=r"door\.lock_pin = 17"):
        LockController(door.settings, door.clock, door.pin.factory, lambda event: None)


def test_relocks_by_itself_while_nobody_runs_a_loop() -> None:
    clock = SystemClock()
    relocked = threading.Event()
    told: list[tuple[EventType, float, str]] = []

    def tell(event: Event) -> None:
        told.append((event.type, event.at, threading.current_thread().name))
        if event.type is LOCKED:
            relocked.set()

    lock = build_lock(Wiring(pins="mock"), clock, tell)
    assert lock.pulse(pulse_of(0.1))
    assert relocked.wait(10.0)
    assert lock.locked
    lock.close()
    (_, opened, here), (_, locked, there) = told
    assert locked - opened >= 0.09
    assert here != there


def test_many_threads_may_pulse_at_once() -> None:
    clock = SystemClock()
    told: list[EventType] = []
    lock = build_lock(Wiring(pins="mock"), clock, lambda event: told.append(event.type))
    threads = [threading.Thread(target=lock.pulse, args=(pulse_of(5.0),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10.0)
    lock.close()
    assert told == [UNLOCKED, LOCKED]


@pytest.mark.skipif(Path("/dev/gpiochip0").exists(), reason="this machine has GPIO")
def test_a_machine_without_gpio_says_so_and_names_the_way_out() -> None:
    with pytest.raises(LockError, match=r"GPIO.*door\.pins=mock") as caught:
        build_lock(Wiring(pins="gpio"), VirtualClock(), lambda event: None)
    assert "\n" not in str(caught.value)


steps = st.one_of(
    st.tuples(st.just("pulse"), st.floats(0.1, MAX_PULSE_SECONDS)),
    st.tuples(st.just("late pulse"), st.floats(0.1, MAX_PULSE_SECONDS)),
    st.tuples(st.just("advance"), st.floats(0.0, 2 * MAX_PULSE_SECONDS)),
    st.tuples(st.just("close"), st.just(0.0)),
)


@given(st.lists(steps, max_size=20), st.booleans())
def test_whatever_happens_it_is_open_only_for_its_pulses(sequence: list[tuple[str, float]], high: bool) -> None:
    door = Door(active_high=high)
    closed, open_until, last_pulse = False, -1.0, float("-inf")
    for step, value in sequence:
        now = door.clock.monotonic()
        if step == "advance":
            door.clock.advance(now + value)
        elif step == "close":
            door.lock.close()
            closed, open_until = True, -1.0
        elif not closed:
            late = step == "late pulse"
            assert door.lock.pulse(pulse_of(value, not_after=now - 1.0 if late else now)) is not late
            if not late:
                last_pulse, open_until = now, max(open_until, now + value)
        now = door.clock.monotonic()
        assert door.open == (now < open_until)
        assert not (door.open and now > last_pulse + MAX_PULSE_SECONDS)
    door.clock.advance(door.clock.monotonic() + MAX_PULSE_SECONDS)
    assert not door.open
    assert [what for what, _ in door.told] == [UNLOCKED, LOCKED] * (len(door.told) // 2)
