"""The lock's own line: one GPIO output, read back after it is set; and where pins come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gpiozero import OutputDevice
from gpiozero.pins.mock import MockFactory

from edgegate.errors import LockError


class Line:
    """Claimed at its locked level. Every method but `close` raises LockError where the driver fails."""

    def __init__(self, pin: int, pin_factory: Any, *, active_high: bool) -> None:
        self.pin = pin
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

    def drive(self, *, unlocked: bool) -> None:
        try:
            self._device.value = unlocked
        except Exception as error:  # noqa: BLE001  pin drivers raise what they like
            raise LockError(f"GPIO {self.pin} cannot be driven {_name(unlocked)}: {error}") from None
        if self.unlocked != unlocked:
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


def outputs_stay(modules: Path = Path("/sys/module")) -> bool:
    """Whether the kernel leaves a dead program's outputs as they were, as a Raspberry Pi's does."""
    switches = modules.glob("pinctrl_*/parameters/persist_gpio_outputs")
    return any(switch.read_text(encoding="ascii").strip() == "Y" for switch in switches)
