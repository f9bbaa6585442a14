"""The only reader of clocks: monotonic time for deciding, wall time for telling.

Everything else is handed a `Clock`. A recording is replayed on a `VirtualClock`, whose time is the recording's,
so that decisions and timers come out the same however fast the machine is.
"""

from __future__ import annotations

import ctypes
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

Cancel = Callable[[], None]


class Clock(Protocol):
    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean anything."""

    def wall(self) -> float:
        """Seconds since the epoch, UTC, as well as this machine knows."""

    def wall_trusted(self) -> bool:
        """Whether wall time is known to be right, so that it may decide who enters."""

    def call_at(self, at: float, act: Callable[[], None]) -> Cancel:
        """Run `act` at monotonic time `at`, on a thread of its own; the returned function calls it off."""


def wall_of(clock: Clock, at: float) -> float:
    """The wall time of a monotonic moment, in seconds since the epoch."""
    return clock.wall() - (clock.monotonic() - at)


def rfc3339(wall: float) -> str:
    """A wall time as text, UTC with milliseconds: 2026-01-01T00:00:03.200Z."""
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class SystemClock:
    """The machine's clocks.

    A Raspberry Pi has no battery: until its time is synchronized, wall time is never earlier than `floor`, the
    last time that was written down, and is not trusted. Once `is_synchronized` has said yes it is: without a network
    a running machine's time goes wrong by seconds a day, while the kernel gives up on it after hours.
    """

    def __init__(self, floor: float = 0.0, is_synchronized: Callable[[], bool] | None = None) -> None:
        self._floor = floor
        self._is_synchronized = is_synchronized or synchronized
        self._trusted = False

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        now = time.time()
        return now if now >= self._floor or self.wall_trusted() else self._floor

    def wall_trusted(self) -> bool:
        self._trusted = self._trusted or self._is_synchronized()
        return self._trusted

    def raise_floor(self, wall: float) -> None:
        self._floor = max(self._floor, wall)

    def call_at(self, at: float, act: Callable[[], None]) -> Cancel:
        timer = threading.Timer(max(0.0, at - time.monotonic()), act)
        timer.daemon = True
        timer.start()
        return timer.cancel


class RecordingClock(SystemClock):
    """Real time that starts with a recording: monotonic time at 0, wall time at `start`."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self._start = start
        self._origin = time.monotonic()

    def monotonic(self) -> float:
        return time.monotonic() - self._origin

    def wall(self) -> float:
        return self._start + self.monotonic()

    def wall_trusted(self) -> bool:
        return True

    def call_at(self, at: float, act: Callable[[], None]) -> Cancel:
        return super().call_at(at + self._origin, act)


class VirtualClock:
    """Time that stands still until it is advanced; `start` is its wall time (seconds since the epoch) at 0."""

    def __init__(self, start: float = 0.0) -> None:
        self._start = start
        self._now = 0.0
        self._order = itertools.count()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []

    def monotonic(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._start + self._now

    def wall_trusted(self) -> bool:
        return True

    def call_at(self, at: float, act: Callable[[], None]) -> Cancel:
        entry = (max(at, self._now), next(self._order), act)
        heapq.heappush(self._timers, entry)

        def cancel() -> None:
            if entry in self._timers:
                self._timers.remove(entry)
                heapq.heapify(self._timers)

        return cancel

    def advance(self, to: float) -> None:
        """Move on to `to`, running what is due on the way, each at its own time. Going back is ignored."""
        while self._timers and self._timers[0][0] <= to:
            at, _, act = heapq.heappop(self._timers)
            self._now = max(self._now, at)
            act()
        self._now = max(self._now, to)


_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronized
_TIMEX_BYTES = 512  # struct timex is 208 bytes on 64-bit Linux; all zero means "only read"


_SYNCHRONIZED_ONCE = Path("/run/systemd/timesync/synchronized")  # systemd-timesyncd makes it at its first answer


def synchronized() -> bool:
    """Whether the wall clock has been synchronized since the machine started.

    The kernel knows it of any time service (adjtimex(2), which any user may ask), but forgets it after some hours
    without a network; systemd-timesyncd's mark stays until the next start.
    """
    if _SYNCHRONIZED_ONCE.exists():
        return True
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return True  # not Linux: such machines have a battery
    return state != _TIME_ERROR


def boottime_to_monotonic(seconds: float) -> float:
    """Turn a CLOCK_BOOTTIME moment (libcamera's SensorTimestamp) into a monotonic one; they differ by suspends."""
    return seconds - (time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic())
