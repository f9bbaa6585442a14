"""A hot Raspberry Pi: it looks at fewer frames before its processor slows down and every frame comes late.

The firmware slows a Pi's processor from 80 °C on (and a 3B+ from 60 °C, which it shows by a flag). From 75 °C on
half of the frames are looked at, from 80 °C on a quarter; each is taken back 5 degrees below where it began.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from edgegate.clock import Clock

log = logging.getLogger(__name__)

WARM, HOT = 75.0, 80.0
"""Degrees Celsius from which on half, and a quarter, of the frames are looked at."""
HYSTERESIS = 5.0
LOOK_SECONDS = 5.0
LEAST_FRAMES_PER_SECOND = 2.0
"""Frames a second looked at, at least: fewer cannot follow a face."""
_SHARES = (1.0, 0.5, 0.25)

_ZONE = Path("/sys/class/thermal/thermal_zone0/temp")
_THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
_UNDER_VOLTAGE, _SLOWED = 0x1, 0x2 | 0x4 | 0x8  # now: capped, throttled, soft temperature limit


@dataclass(frozen=True, slots=True)
class Heat:
    """The machine's own readings; None where it has none."""

    celsius: float | None = None
    slowed: bool = False
    """Its firmware has slowed the processor down."""
    under_voltage: bool = False
    """Its power supply is too weak now."""


class Thermometer:
    """Reads what the kernel knows; a machine without thermometer gives an empty `Heat`."""

    def __init__(self, zone: Path = _ZONE, throttled: Path = _THROTTLED) -> None:
        self._zone = zone
        self._throttled = throttled

    def read(self) -> Heat:
        flags = _number(self._throttled, 16) or 0
        millidegrees = _number(self._zone, 10)
        celsius = None if millidegrees is None else millidegrees / 1000
        return Heat(celsius, bool(flags & _SLOWED), bool(flags & _UNDER_VOLTAGE))


def _number(path: Path, base: int) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"), base)
    except (OSError, ValueError):  # no such sensor, or one that does not answer now
        return None


class Cooling:
    """Rules for the frames a second that are looked at, by temperature. Pure: fed with times."""

    def __init__(self, frames_per_second: float) -> None:
        self._frames_per_second = frames_per_second
        self._level = 0
        self._heat = Heat()
        self._next = float("-inf")

    def feel(self, heat: Heat) -> None:
        """Notes the temperature."""
        self._heat = heat
        degrees = heat.celsius if heat.celsius is not None else float("-inf")
        rising = sum(degrees >= start for start in (WARM, HOT))
        staying = sum(degrees > start - HYSTERESIS for start in (WARM, HOT))
        self._level = max(rising, min(self._level, staying), int(heat.slowed))

    @property
    def limit(self) -> float | None:
        """Returns the frames a second that are looked at; None: as many as come."""
        if self._level == 0:
            return None
        return max(LEAST_FRAMES_PER_SECOND, self._frames_per_second * _SHARES[self._level])

    def allows(self, at: float) -> bool:
        """True for a frame, taken at `at`, that is looked at. Frames stay evenly spaced, whatever their own rate."""
        limit = self.limit
        if limit is None:
            return True
        interval = 1 / limit
        if at < self._next - interval / 10:  # frames jitter
            return False
        self._next = max(self._next + interval, at + interval / 2)
        return True

    @property
    def fault(self) -> str | None:
        """Returns the fault in words; None if there is none."""
        remarks = []
        if (limit := self.limit) is not None:
            degrees = f"{self._heat.celsius:.0f} °C" if self._heat.celsius is not None else "slowed by its firmware"
            remarks.append(f"too hot ({degrees}): looking at {limit:g} frames a second; give it air or a cooler")
        if self._heat.under_voltage:
            remarks.append("its power supply is too weak: use the Raspberry Pi's own")
        return "; ".join(remarks) or None


def fault_now(heat: Heat, frames_per_second: float) -> str | None:
    """Returns the fault of a machine that is this hot, in words; None if there is none."""
    cooling = Cooling(frames_per_second)
    cooling.feel(heat)
    return cooling.fault


class HeatWatch:
    """Reads the temperature now and then, for the loop to ask `cooling`."""

    def __init__(self, frames_per_second: float, clock: Clock, thermometer: Thermometer | None = None) -> None:
        self.cooling = Cooling(frames_per_second)
        self._clock = clock
        self._thermometer = thermometer or Thermometer()
        self._next = float("-inf")

    def look(self) -> None:
        """Reads the thermometer if that is due; a change is logged."""
        now = self._clock.monotonic()
        if now < self._next:
            return
        self._next = now + LOOK_SECONDS
        before = self.cooling.limit
        self.cooling.feel(self._thermometer.read())
        if self.cooling.limit != before:
            log.warning("%s", self.cooling.fault or "cool again: looking at every frame")
