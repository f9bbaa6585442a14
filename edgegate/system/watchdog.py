"""Ends a process whose main loop hangs, and notifies the service manager of its status.

The loop calls `feed` when a turn is over. A hung model never ends its turn, and so the process ends. There are three
ends, each cruder than the one before, for what the one before cannot end:

1. After `seconds` a thread logs where every thread is, locks the door (`last_act`), and exits with HUNG_STATUS.
2. A second later the kernel's timer (SIGALRM) does so without the lock, whatever holds the interpreter.
3. systemd, which was not fed meanwhile, kills what is left (WatchdogSec).
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Self

from edgegate.clock import Clock
from edgegate.system.systemd import notify, watchdog_seconds
from edgegate.system.threads import Periodic

log = logging.getLogger(__name__)

HUNG_STATUS = 70
"""The exit status of a process that ended itself because its loop hung."""

HANG_SECONDS = 10.0
"""Seconds without a service manager that sets its own. A journal that is locked may hold a turn, and the look at the
parts after it, up for 2 each."""

SHARE = 0.8
"""Share of the service manager's time after which the process ends itself: it can still log where it hangs."""

START_SECONDS = 90.0
"""Models may take long to load on a small machine; systemd waits as long by default."""

STOP_SECONDS = 40.0
"""Threads are waited for one after the other, 5 seconds each."""


def hang_seconds(environment: Mapping[str, str]) -> float:
    """Returns the seconds after which a loop counts as hung, by WATCHDOG_USEC where that is for this process."""
    seconds = watchdog_seconds(environment)
    return HANG_SECONDS if seconds is None else SHARE * seconds


class Watchdog:
    """A watchdog, armed while its `with` block runs; `last_act` is called in a hung process before it ends."""

    def __init__(self, clock: Clock, last_act: Callable[[], object], seconds: float | None = None) -> None:
        self._clock = clock
        self._last_act = last_act
        self._seconds = hang_seconds(os.environ) if seconds is None else seconds
        self._thread = Periodic("watchdog", self._look, self._seconds / 8, threading.Event())
        self._fed = float("-inf")
        self._due = float("inf")
        self._status: str | None = None

    def __enter__(self) -> Self:
        faulthandler.enable()  # systemd's SIGABRT, and signals that native code dies of, log where every thread is
        faulthandler.register(signal.SIGALRM, all_threads=True, chain=True)
        self._arm(START_SECONDS)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.close(1.0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.unregister(signal.SIGALRM)

    def feed(self, status: str) -> None:
        """Notes that a turn is over and its faults are reported; `status` is one line for `systemctl status`.

        The first call means that the door is in service.
        """
        if self._status is None:
            notify("READY=1")
        if status != self._status:
            self._status = status
            notify(f"STATUS={status}")
        now = self._clock.monotonic()
        if now - self._fed >= self._seconds / 8:
            self._fed = now
            self._arm(self._seconds)
            notify("WATCHDOG=1")

    def stopping(self) -> None:
        """Notes that no more turns come; a process that hangs at its end is ended too."""
        notify("STOPPING=1")
        self._arm(STOP_SECONDS)

    def _arm(self, seconds: float) -> None:
        self._due = self._clock.monotonic() + seconds
        signal.setitimer(signal.ITIMER_REAL, seconds + max(1.0, self._seconds / 8))

    def _look(self) -> None:
        if self._clock.monotonic() < self._due:
            return
        log.critical("the main loop hangs: this process ends, with status %d; its threads were here:", HUNG_STATUS)
        faulthandler.dump_traceback(all_threads=True)
        try:
            self._last_act()  # where it hangs too, SIGALRM ends the process
            log.critical("the lock was given back, locked")
        finally:
            os._exit(HUNG_STATUS)
