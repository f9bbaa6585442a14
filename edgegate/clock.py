"""The only reader of clocks: monotonic time for deciding, wall time for telling.

Everything else is handed a `Clock`. A recording is replayed on a `VirtualClock`, whose time is the recording's,
so that decisions and timers come out the same however fast the machine is.
"""

from __future__ import annotations

import ctypes
import heapq
import itertools
import subprocess
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
        """True if wall time is known to be right, so that it may decide who enters."""

    def call_at(self, at: float, act: Callable[[], None]) -> Cancel:
        """Run `act` at monotonic time `at`, on a thread of its own; the returned function calls it off."""


def wall_of(clock: Clock, at: float) -> float:
    """The wall time of a monotonic moment, in seconds since the epoch."""
    return clock.wall() - (clock.monotonic() - at)


def rfc3339(wall: float) -> str:
    """A wall time as text, UTC with milliseconds: 2026-01-01T00:00:03.200Z."""
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


STEP_SECONDS = 2.0
"""By how much wall time must jump against monotonic time to have been set. A time service that only corrects the
clock's pace bends both alike, and a leap second is one second."""

STEP_TOLD_SECONDS = 10.0
"""Seconds that `fault` reports a jump that was right, for those who read the events' times."""


class SystemClock:
    """The machine's clocks, of which wall time may be wrong, and may be set while the door is running.

    1. A Raspberry Pi has no battery. Until `is_synchronized` has said yes, wall time is not trusted, and it never
       runs back: it goes on, at its usual pace, from `floor`, the last time that was written down, or from the
       latest time that the machine has named. Should that have been a wrong one, it is mended by synchronizing.
    2. From then on it is trusted, and the machine is followed in what it corrects. Without a network a running
       machine's time goes wrong by seconds a day, while the kernel gives up on it after hours: that is no matter.
    3. A trusted clock that jumps was set. That is followed where a time service keeps the clock, which the kernel
       knows (`is_kept`). Where nobody vouches for it, the door goes on with the time that it had.

    `read` gives wall and monotonic time, in seconds. Any thread may ask.
    """

    def __init__(
        self,
        floor: float = 0.0,
        is_synchronized: Callable[[], bool] | None = None,
        is_kept: Callable[[], bool] | None = None,
        read: Callable[[], tuple[float, float]] = lambda: (time.time(), time.monotonic()),
    ) -> None:
        self._is_kept = is_kept or (Later(kept) if _kernels_word() is None else kept)
        self._is_synchronized = is_synchronized or (lambda: _SYNCHRONIZED_ONCE.exists() or self._is_kept())
        self._read = read
        self._guard = threading.Lock()
        self._trusted = False
        self._ahead = float("-inf")
        """The lead of the door's wall time over monotonic time, in seconds."""
        self._ignored = 0.0
        """By how much the machine's clock was set without being followed."""
        self._jump: tuple[float, float] | None = None
        """By how much it was set and followed, and when, in monotonic time."""
        self.raise_floor(floor)

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        with self._guard:
            now = self._look()
            return now + self._ahead

    def wall_trusted(self) -> bool:
        with self._guard:
            self._look()
            return self._trusted

    def fault(self) -> str | None:
        """Returns what is wrong with wall time now, or was a moment ago; None if nothing."""
        with self._guard:
            now = self._look()
            if not self._trusted:
                return "not synchronized: people whose permission depends on the time are refused until it is"
            if self._ignored:
                return f"the machine's clock was set {_by(self._ignored)}, and no time service keeps it: not followed"
            if self._jump is not None and now < self._jump[1] + STEP_TOLD_SECONDS:
                return f"the machine's clock was set {_by(self._jump[0])} by its time service: followed"
            return None

    def raise_floor(self, wall: float) -> None:
        """Until it is synchronized, it is not earlier than `wall`."""
        with self._guard:
            if not self._trusted:
                self._ahead = max(self._ahead, wall - self._read()[1])

    def call_at(self, at: float, act: Callable[[], None]) -> Cancel:
        timer = threading.Timer(max(0.0, at - time.monotonic()), act)
        timer.daemon = True
        timer.start()
        return timer.cancel

    def _look(self) -> float:
        """Take in what the machine says; the answer is monotonic time now."""
        wall, now = self._read()  # in this order: a pause in between makes wall time earlier, and so does no harm
        ahead = wall - now
        if self._trusted:
            self._follow(ahead - self._ahead, now)
        elif self._is_synchronized():
            self._trusted, self._ahead = True, ahead
        else:
            self._ahead = max(self._ahead, ahead)
        return now

    def _follow(self, step: float, now: float) -> None:
        small = abs(step) <= STEP_SECONDS
        if not small and not self._is_kept():
            self._ignored = step
            return
        if not small:
            self._jump = (step, now)
        self._ignored = 0.0
        self._ahead += step


def _by(seconds: float) -> str:
    return f"{abs(seconds):,.0f} s {'ahead' if seconds > 0 else 'back'}"


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


_TIME_OK, _TIME_ERROR = 0, 5  # adjtimex(2); the latter: the clock is not synchronized
_TIMEX_BYTES = 512  # struct timex is 208 bytes on 64-bit Linux; all zero means "only read"

_TIMEDATED = (
    "busctl", "--timeout=2", "get-property", "org.freedesktop.timedate1", "/org/freedesktop/timedate1",
    "org.freedesktop.timedate1", "NTPSynchronized",
)  # fmt: skip
_TIMEDATED_SECONDS = 3.0


_SYNCHRONIZED_ONCE = Path("/run/systemd/timesync/synchronized")  # systemd-timesyncd makes it at its first answer


def synchronized() -> bool:
    """True if the wall clock has been synchronized since the machine started.

    The kernel knows it of any time service, but forgets it after some hours without a network; systemd-timesyncd's
    mark stays until the next start.
    """
    return _SYNCHRONIZED_ONCE.exists() or kept()


def kept() -> bool:
    """True if the kernel takes its wall clock for synchronized now. It may take two seconds to find out.

    It does not any more from when somebody sets the clock by hand until a time service has.
    """
    word = _kernels_word()
    return ask_timedated() if word is None else word != _TIME_ERROR


def _kernels_word() -> int | None:
    """Returns what adjtimex(2) says of the clock, which any user may ask; None in a sandbox that forbids it.

    The daemon's own is one: systemd takes the call for one that sets the clock (ProtectClock=yes).
    """
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return _TIME_OK  # not Linux: such machines have a battery
    return state if state >= 0 else None


def ask_timedated(command: tuple[str, ...] = _TIMEDATED) -> bool:
    """Returns what systemd says of the clock, over D-Bus; False where nobody answers: nobody vouches for it then."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEDATED_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.returncode == 0 and answer.stdout.split() == ["b", "true"]


class Later:
    """A question that takes too long to wait for: asked on a thread, again whenever the last answer is old.

    Only an answer to a question of the last `FRESH_SECONDS` counts, and until there is one the answer is no.
    """

    ASK_SECONDS, FRESH_SECONDS = 2.0, 5.0

    def __init__(self, ask: Callable[[], bool], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._thread: threading.Thread | None = None
        self._asked = self._said_yes = float("-inf")

    def __call__(self) -> bool:
        now = self._monotonic()
        answered = self._thread is None or not self._thread.is_alive()
        if answered and now - self._asked >= self.ASK_SECONDS:
            self._asked = now
            self._thread = threading.Thread(target=self._put, args=(now,), name="time service", daemon=True)
            self._thread.start()
        return now - self._said_yes <= self.FRESH_SECONDS

    def _put(self, asked: float) -> None:
        self._said_yes = asked if self._ask() else float("-inf")


def boottime_to_monotonic(seconds: float) -> float:
    """Turn a CLOCK_BOOTTIME moment (libcamera's SensorTimestamp) into a monotonic one; they differ by suspends."""
    return seconds - (time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic())
