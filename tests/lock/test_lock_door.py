"""The lock with its door wired: button, contact, handle, fire, lamps and buzzer on mock pins and a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from gpiozero.pins.mock import MockFactory, MockPin
from gpiozero.pins.pi import PiPin
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edgegate.clock import Cancel, VirtualClock
from edgegate.door.pulse import MAX_PULSE_SECONDS, Pulse
from edgegate.errors import LockError
from edgegate.events.vocabulary import Event, EventType
from edgegate.lock.controller import LockController, build_lock
from edgegate.lock.inputs import BOUNCE_SECONDS, MISSED_SECONDS
from edgegate.lock.interface import LockStatus
from edgegate.lock.wiring import Wiring

EXIT, CONTACT, HANDLE, TAMPER, FIRE, BUZZER, GREEN, RED = 20, 21, 22, 23, 24, 25, 26, 27
WIRING = Wiring(
    pins="mock", exit_pin=EXIT, contact_pin=CONTACT, handle_pin=HANDLE, tamper_pin=TAMPER, fire_pin=FIRE,
    buzzer_pin=BUZZER, green_led_pin=GREEN, red_led_pin=RED,
)  # fmt: skip
NORMALLY_CLOSED = (CONTACT, TAMPER, FIRE)


class Switch(MockPin):
    """A pin with a switch to ground, which the pull-up does not overcome."""

    grounded = False

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        if self.grounded:
            self._change_state(False)


class Door:
    """A wired lock; switches begin as they are in an ordinary door that is closed, but for those `flipped`."""

    def __init__(self, *flipped: int, clock: VirtualClock | None = None, wiring: Wiring = WIRING) -> None:
        self.clock, self.told = clock or VirtualClock(), list[Event]()
        self.factory = MockFactory(pin_class=Switch)
        self.factory.ticks = self.clock.monotonic
        for number in (EXIT, HANDLE, *NORMALLY_CLOSED):
            self.factory.pin(number).grounded = (number in NORMALLY_CLOSED) != (number in flipped)
        self.lock = LockController(wiring, self.clock, self.factory, self.told.append)

    def flip(self, number: int) -> None:
        pin = self.factory.pin(number)
        pin.grounded = not pin.grounded
        (pin.drive_low if pin.grounded else pin.drive_high)()

    def wait(self, seconds: float) -> None:
        self.clock.advance(self.clock.monotonic() + seconds)

    def grant(self, seconds: float = 3.0) -> bool:
        return self.lock.pulse(Pulse(seconds, self.clock.monotonic(), visit=1))

    def lit(self, number: int) -> bool:
        return bool(self.factory.pin(number).state)

    @property
    def open(self) -> bool:
        return self.lit(WIRING.lock_pin)

    @property
    def types(self) -> list[str]:
        return [event.type.value for event in self.told]


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    yield door
    door.lock.close()


def test_somebody_comes_in_and_the_door_relocks_behind_them(door: Door) -> None:
    door.grant()
    assert door.lit(GREEN)
    door.wait(1.0)
    door.flip(CONTACT)
    door.wait(1.0)
    door.flip(CONTACT)
    assert not door.open
    assert not door.lit(GREEN)
    assert door.types == ["lock.unlocked", "door.opened", "door.closed", "lock.locked"]
    assert door.told[0].data == {"cause": "grant"}


def test_the_button_opens_once_an_edge(door: Door) -> None:
    door.flip(EXIT)
    assert door.open
    door.wait(100.0)
    assert not door.open
    assert door.types == ["exit.requested", "lock.unlocked", "lock.locked", "exit.stuck"]
    assert (door.told[0].data, door.told[1].data) == ({"by": "button"}, {"cause": "exit"})


def test_a_forced_door_sounds_and_the_handle_shunts_it(door: Door) -> None:
    door.flip(CONTACT)
    assert door.lit(BUZZER)
    assert door.lock.status().door == "forced_open"
    door.flip(CONTACT)
    assert not door.lit(BUZZER)
    door.flip(HANDLE)
    door.flip(CONTACT)
    assert not door.lit(BUZZER)
    assert door.types == ["door.forced_open", "door.closed", "exit.requested", "door.opened"]


def test_the_status_names_how_a_door_stands_open(door: Door) -> None:
    door.grant()
    door.flip(CONTACT)
    assert door.lock.status().door == "open"
    door.wait(WIRING.open_seconds)
    assert door.lock.status().door == "held_open_warning"
    door.wait(WIRING.warning_seconds)
    assert door.lock.status().door == "held_open"
    door.flip(CONTACT)
    assert door.lock.status().door == "closed"


def test_a_bar_may_be_held_for_longer_than_it_shunts_once_let_go(door: Door) -> None:
    door.flip(HANDLE)
    for _ in range(60):
        door.wait(WIRING.shunt_seconds / 30)
        door.lock.tick()
    door.flip(CONTACT)
    door.flip(CONTACT)
    door.flip(HANDLE)
    door.wait(WIRING.shunt_seconds + 0.1)
    door.flip(CONTACT)
    assert door.types == ["exit.requested", "door.opened", "door.closed", "door.forced_open"]


def test_a_handle_that_stays_pressed_is_told_once_and_shunts_no_more(door: Door) -> None:
    door.flip(HANDLE)
    for _ in range(50):
        door.wait(1.0)
        door.lock.tick()
    door.flip(CONTACT)
    assert door.lit(BUZZER)
    assert door.types == ["exit.requested", "exit.stuck", "door.forced_open"]
    assert door.told[1].data == {"by": "handle"}


def test_lockdown_lights_the_red_lamp_and_a_fire_opens_all_the_same(door: Door) -> None:
    door.lock.lockdown()
    assert door.lit(RED)
    assert not door.grant()
    door.flip(FIRE)
    assert door.open
    assert door.lock.status().fire
    door.wait(86_400.0)
    assert door.open
    door.flip(FIRE)
    assert not door.open
    assert [event.data for event in door.told if event.type is EventType.UNLOCKED] == [{"cause": "fire"}]


def test_a_hold_that_the_end_of_the_keeper_ends_is_told_to_have_ended() -> None:
    door = Door()
    assert door.lock.hold(3600.0)
    door.lock.close()
    door.lock.close()
    assert door.types == ["hold.started", "lock.unlocked", "hold.ended", "lock.locked"]


def test_the_end_of_the_keeper_ends_no_hold_where_none_is() -> None:
    door = Door()
    assert door.lock.hold(3600.0)
    door.lock.lockdown()
    door.lock.close()
    assert door.types.count("hold.ended") == 1


def test_a_fire_leaves_a_hold_to_its_own_end() -> None:
    door = Door()
    assert door.lock.hold(60.0)
    door.flip(FIRE)
    door.wait(61.0)
    assert (door.open, door.types[-1]) == (True, "hold.ended")
    door.flip(FIRE)
    assert not door.open
    door.lock.close()
    assert door.types.count("hold.ended") == 1


def test_a_cut_wire_of_the_fire_input_counts_as_fire_and_one_of_the_tamper_loop_is_told() -> None:
    door = Door(FIRE, TAMPER)
    assert door.open
    assert door.types == ["fire.started", "lock.unlocked", "door.tampered"]
    door.lock.close()
    assert not door.open


def test_at_the_start_an_open_door_is_not_forced_and_a_pressed_button_is_no_edge() -> None:
    door = Door(CONTACT, EXIT, HANDLE)
    assert (door.open, door.types) == (False, [])
    assert door.lock.status().door == "open"
    for _ in range(100):
        door.wait(1.0)
        door.lock.tick()
    assert door.types == ["door.held_open", "exit.stuck", "exit.stuck"]
    assert [event.data for event in door.told[1:]] == [{"by": "button"}, {"by": "handle"}]
    door.lock.close()


def test_contacts_that_are_open_while_the_door_is_closed() -> None:
    wiring = Wiring(pins="mock", contact_pin=CONTACT, contact_closed=False, fire_pin=FIRE, fire_opens=False)
    door = Door(CONTACT, FIRE, wiring=wiring)
    assert (door.open, door.lock.status().door) == (False, "closed")
    door.flip(CONTACT)
    assert door.types == ["door.forced_open"]
    door.flip(FIRE)
    assert door.open
    door.lock.close()


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


def test_a_press_between_two_looks_counts_though_the_release_before_it_was_made_up_for(door: Door) -> None:
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
