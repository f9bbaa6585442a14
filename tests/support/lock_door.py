"""A lock with its door wired, on mock pins and a virtual clock."""

from __future__ import annotations

from gpiozero.pins.mock import MockFactory, MockPin

from edgegate.clock import VirtualClock
from edgegate.door.pulse import Pulse
from edgegate.events.vocabulary import Event
from edgegate.lock.controller import LockController
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
