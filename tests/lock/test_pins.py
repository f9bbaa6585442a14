"""Real pins, down to what lgpio is asked to do."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from gpiozero.pins.local import LocalPiFactory

from edgegate.clock import VirtualClock
from edgegate.door.pulse import Pulse
from edgegate.errors import LockError
from edgegate.lock.controller import LockController
from edgegate.lock.wiring import Wiring


class FakeLgpio(ModuleType):
    """One gpiochip as lgpio shows it: `driven` is every level a line was ever driven to, in order."""

    SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64
    BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2
    IS_OUT = 2

    def __init__(self) -> None:
        super().__init__("lgpio")
        self.driven: list[int] = []
        self.is_output = self.is_claimed = False
        self.inputs = 0
        """The number of times it was made an input."""

    error = type("error", (Exception,), {})

    def gpiochip_open(self, chip: int) -> int:
        return 0

    def gpiochip_close(self, handle: int) -> None:
        pass

    def gpio_claim_input(self, handle: int, line: int, flags: int = 0) -> None:
        self.is_output, self.is_claimed = False, True
        self.inputs += 1

    def gpio_claim_output(self, handle: int, line: int, level: int = 0) -> None:
        self.is_output = self.is_claimed = True
        self.driven.append(level)

    def gpio_free(self, handle: int, line: int) -> None:
        if not self.is_claimed:
            raise self.error("GPIO not allocated")
        self.is_claimed = False

    def gpio_get_mode(self, handle: int, line: int) -> int:
        return self.IS_OUT if self.is_output else 0

    def gpio_write(self, handle: int, line: int, level: int) -> None:
        self.driven.append(int(level))

    def gpio_read(self, handle: int, line: int) -> int:
        return self.driven[-1]


@pytest.fixture
def lgpio(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLgpio]:
    """The modules that import lgpio, imported with the fake in its place, and forgotten afterwards."""
    fake = FakeLgpio()
    monkeypatch.setitem(sys.modules, "lgpio", fake)
    for name in ("gpiozero.pins.lgpio", "edgegate.lock.lgpio_pins"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield fake
    for name in ("gpiozero.pins.lgpio", "edgegate.lock.lgpio_pins"):
        sys.modules.pop(name, None)
    LocalPiFactory.pins.clear()  # gpiozero keeps pins for the life of the process


def pi4_factory() -> Any:
    pins = importlib.import_module("edgegate.lock.lgpio_pins")

    class Pi4(pins.PinFactory):  # type: ignore[name-defined]
        def _get_revision(self) -> int:
            return 0xC03114

    return Pi4()


@pytest.mark.parametrize("active_high", [True, False])
def test_no_level_but_locked_is_ever_driven_before_a_pulse(lgpio: FakeLgpio, active_high: bool) -> None:
    locked, unlocked = (0, 1) if active_high else (1, 0)
    clock = VirtualClock()
    lock = LockController(Wiring(active_high=active_high), clock, pi4_factory(), lambda event: None)
    assert lgpio.driven == [locked]
    lock.pulse(Pulse(1.0, not_after=0.0, visit=1))
    clock.advance(1.0)
    lock.close()
    assert lgpio.driven == [locked, unlocked, locked, locked]
    assert not lgpio.is_claimed


def test_the_line_is_an_output_from_first_to_last(lgpio: FakeLgpio) -> None:
    lgpio.is_output = True  # the keeper before it left it so
    lock = LockController(Wiring(active_high=False), VirtualClock(), pi4_factory(), lambda event: None)
    lock.close()
    assert (lgpio.inputs, lgpio.is_output) == (0, True)


def test_a_line_that_another_program_has_is_left_to_it(lgpio: FakeLgpio, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: int) -> None:
        raise lgpio.error("GPIO busy")

    lgpio.is_output = True
    monkeypatch.setattr(lgpio, "gpio_claim_output", busy)
    with pytest.raises(LockError, match=r"door.lock_pin = 17: the pin cannot be claimed: GPIO busy"):
        LockController(Wiring(), VirtualClock(), pi4_factory(), lambda event: None)
