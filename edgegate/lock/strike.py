"""The lock's own line: one GPIO output, read back after it is set; and where pins come from.

Driving it fails in three ways. The driver refuses the level: LockError, and the line is as it was, or as was asked. The
level is read back as the other one: LockError. It cannot be read back: UnverifiedError, and the line is taken to be as
was asked, for the driver accepted it; so it is where the driver refuses the level that the line verifiably has.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gpiozero import OutputDevice
from gpiozero.pins.mock import MockFactory

from edgegate.errors import LockError


class UnverifiedError(LockError):
    """The line is taken to have the level that was asked for, and reading it back did not confirm it."""


class Line:
    """Claimed at its locked level. Every method but `close` raises LockError where the driver fails."""

    def __init__(self, pin: int, pin_factory: Any, *, active_high: bool) -> None:
        self.pin = pin
        self._verified: bool | None = False
        """The level as it was claimed or read back, and not driven to the other one since; None if neither."""
        try:
            self._device = OutputDevice(pin, active_high=active_high, initial_value=False, pin_factory=pin_factory)
        except Exception as error:  # noqa: BLE001  pin drivers raise what they like, down to plain Exception
            raise LockError(f"door.lock_pin = {pin}: the pin cannot be claimed: {error}") from None

    @property
    def unlocked(self) -> bool:
        """The level, read back now."""
        try:
            return bool(self._device.value)
        except Exception as error:  # noqa: BLE001  pin drivers raise what they like
            raise LockError(f"GPIO {self.pin} cannot be read back: {error}") from None

    @property
    def may_be_unlocked(self) -> bool:
        """False if the line was read back as locked, and was not driven unlocked since."""
        return self._verified is not False

    def drive(self, *, unlocked: bool) -> None:
        """Set the level, and read it back; see the module's words for how that fails."""
        same = self._verified is unlocked  # then nothing that follows can make it the other one
        self._verified = unlocked if same else None
        try:
            self._device.value = unlocked
        except Exception as error:  # noqa: BLE001  pin drivers raise what they like
            kind = UnverifiedError if same else LockError
            raise kind(f"GPIO {self.pin} cannot be driven {_name(unlocked)}: {error}") from None
        try:
            level = self.unlocked
        except LockError as error:
            raise UnverifiedError(str(error)) from None
        self._verified = unlocked if level == unlocked else None
        if level != unlocked:
            raise LockError(f"GPIO {self.pin} was driven {_name(unlocked)} but does not follow: check the wiring")

    def close(self) -> None:
        """Give the pin back, at whatever level it has."""
        self._device.close()


def _name(unlocked: bool) -> str:
    return "unlocked" if unlocked else "locked"


def pin_factory(pins: str) -> Any:
    """Mock pins where they are asked for by name, or the machine's; raises LockError with the way out."""
    if pins == "mock":
        return MockFactory()
    way_out = "to try edgegate without a lock use --set door.pins=mock"
    try:
        from edgegate.lock.lgpio_pins import PinFactory  # noqa: PLC0415  it imports lgpio, which only a Raspberry Pi needs
    except ImportError as error:
        raise LockError(f"GPIO needs lgpio ({error}): `sudo apt install python3-lgpio`; {way_out}") from None
    try:
        return PinFactory()
    except Exception as error:  # noqa: BLE001  lgpio raises its own class, a plain Exception
        raise LockError(
            f"no GPIO on this machine that can be used ({error}): is it a Raspberry Pi, and are you in"
            f" group gpio? {way_out}"
        ) from None


def outputs_stay(modules: Path = Path("/sys/module")) -> bool:
    """True if the kernel leaves a dead program's outputs as they were, as a Raspberry Pi's does."""
    switches = modules.glob("pinctrl_*/parameters/persist_gpio_outputs")
    return any(switch.read_text(encoding="ascii").strip() == "Y" for switch in switches)
