"""The lock: the only part that drives the pin.

Its rules:

1. There is no unlock. A pulse opens and carries its own end, at most `MAX_PULSE_SECONDS` away.
2. The relock timer is armed before the pin is driven: where no timer can be armed, nothing opens. It depends on
   no camera, model or loop.
3. Evidence is checked at the last moment: a pulse that comes after its `not_after` opens nothing.
4. A pulse during a pulse extends it and never shortens it.
5. Locked and unlocked levels come from one place (`active_high`), and the pin has its locked level from the
   moment it is an output.
6. A level is read back after it is set. Locking that fails is tried again until it succeeds; unlocking that
   fails is undone.
7. `close()` locks first. Then the pin is an input, as it is before the program starts and after it was killed:
   a resistor on the relay board must hold the locked level.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

from gpiozero import OutputDevice
from gpiozero.pins.mock import MockFactory

from edgegate import config
from edgegate.clock import Clock
from edgegate.errors import LockError
from edgegate.types import MAX_PULSE_SECONDS, EventType, Pulse

log = logging.getLogger(__name__)

OnChange = Callable[[EventType, float], None]
"""Told UNLOCKED or LOCKED and the monotonic time, after the pin changed, on whichever thread changed it. It must
not wait for anything: the lock is held meanwhile, so that changes are told in their order."""

RETRY_SECONDS = 0.1


class LockKeeper(Protocol):
    """What the rest of the daemon knows of the lock, wherever it runs."""

    @property
    def locked(self) -> bool:
        """Whether the pin, read back now, has its locked level."""

    @property
    def trouble(self) -> str | None:
        """Why the lock cannot be locked now; None while all is well."""

    def pulse(self, pulse: Pulse) -> bool:
        """Open for `pulse.seconds`; False if its evidence is too old by now. Raises LockError if it cannot."""

    def close(self) -> None:
        """Lock, and give the pin back."""


class Lock:
    """A lock on one GPIO pin; see the module's rules. Any thread may call anything.

    `pin_factory` is gpiozero's. Raises LockError when the pin cannot be claimed.
    """

    def __init__(self, settings: config.Door, clock: Clock, pin_factory: Any, on_change: OnChange) -> None:
        self._clock = clock
        self._on_change = on_change
        self._pin = settings.lock_pin
        self._guard = threading.RLock()
        self._until = 0.0
        self._cancel: Callable[[], None] | None = None
        self._unlocked = self._closed = False
        self.trouble: str | None = None
        try:
            self._device = OutputDevice(
                settings.lock_pin, active_high=settings.active_high, initial_value=False, pin_factory=pin_factory
            )
        except Exception as error:  # noqa: BLE001  pin drivers raise what they like, down to plain Exception
            raise LockError(f"door.lock_pin = {self._pin}: the pin cannot be claimed: {error}") from None

    @property
    def locked(self) -> bool:
        """Whether the pin, read back now, has its locked level. After `close()`: whether it had."""
        with self._guard:
            return not (self._unlocked if self._closed else self._read())

    def pulse(self, pulse: Pulse) -> bool:
        """Open for `pulse.seconds`; False, and nothing happens, if its evidence is too old by now.

        Raises LockError if the lock is closed, no timer can be armed, or the pin cannot be driven.
        """
        with self._guard:
            if self._closed:
                raise LockError("the lock is closed: no pulse is given any more")
            now = self._clock.monotonic()
            if now > pulse.not_after:
                return False
            wanted = max(self._until, now + pulse.seconds)
            self._arm(min(wanted, now + MAX_PULSE_SECONDS))
            self._unlock()
            return True

    def close(self) -> None:
        """Lock, and give the pin back; a second call does nothing. Raises LockError if it cannot be locked."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            self._disarm()
            try:
                self._drive(unlocked=False)
                self._tell_locked()
            finally:
                self._device.close()

    def _unlock(self) -> None:
        try:
            self._drive(unlocked=True)
        except LockError:
            self._relock()  # the level may have changed even so
            raise
        if not self._unlocked:
            self._unlocked = True
            self._on_change(EventType.UNLOCKED, self._clock.monotonic())

    def _relock(self) -> None:
        try:
            self._drive(unlocked=False)
        except LockError as error:
            self.trouble = str(error)
            log.critical("%s; trying again", error)
            self._arm(self._clock.monotonic() + RETRY_SECONDS)
            return
        self.trouble = None
        self._disarm()
        self._tell_locked()

    def _tell_locked(self) -> None:
        if self._unlocked:
            self._unlocked = False
            self._on_change(EventType.LOCKED, self._clock.monotonic())

    def _arm(self, at: float) -> None:
        """Have the lock relock at `at` instead of whenever it was to before."""
        superseded = self._cancel
        try:
            self._cancel = self._clock.call_at(at, lambda: self._expire(at))
        except Exception as error:  # noqa: BLE001  whatever the reason, without a timer nothing opens
            raise LockError(f"the relock timer cannot be armed, so the door stays as it is: {error}") from None
        self._until = at
        if superseded:
            superseded()

    def _disarm(self) -> None:
        self._until = 0.0
        if self._cancel:
            self._cancel()
            self._cancel = None

    def _expire(self, at: float) -> None:
        with self._guard:
            # A timer that was superseded while it waited for the guard must not cut the newer pulse short.
            if not self._closed and at >= self._until:
                self._relock()

    def _drive(self, *, unlocked: bool) -> None:
        try:
            self._device.value = unlocked
        except Exception as error:  # noqa: BLE001  pin drivers raise what they like
            raise LockError(f"GPIO {self._pin} cannot be driven {_name(unlocked)}: {error}") from None
        if self._read() != unlocked:
            raise LockError(f"GPIO {self._pin} was driven {_name(unlocked)} but does not follow: check the wiring")

    def _read(self) -> bool:
        try:
            return bool(self._device.value)
        except Exception as error:  # noqa: BLE001  pin drivers raise what they like
            raise LockError(f"GPIO {self._pin} cannot be read back: {error}") from None


def _name(unlocked: bool) -> str:
    return "unlocked" if unlocked else "locked"


def build_lock(settings: config.Door, clock: Clock, on_change: OnChange) -> Lock:
    """The lock that `[door]` describes, locked. Raises LockError if this machine cannot drive it."""
    factory = MockFactory() if settings.pins == "mock" else _gpio_factory()
    return Lock(settings, clock, factory, on_change)


def _gpio_factory() -> Any:
    way_out = "to try edgegate without a lock use --set door.pins=mock"
    try:
        from edgegate.pins import PinFactory  # noqa: PLC0415  it imports lgpio, which only a Raspberry Pi needs
    except ImportError as error:
        raise LockError(f"GPIO needs lgpio ({error}): `sudo apt install python3-lgpio`; {way_out}") from None
    try:
        return PinFactory()
    except Exception as error:  # noqa: BLE001  lgpio raises its own class, a plain Exception
        raise LockError(
            f"no GPIO on this machine that can be used ({error}): is it a Raspberry Pi, and are you in"
            f" group gpio? {way_out}"
        ) from None
