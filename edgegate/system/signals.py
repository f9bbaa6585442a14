"""Signals to both programs: to end, or to read the configuration again. Standard library only."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable


def listen(stop: Callable[[], None], look_again: Callable[[], None]) -> None:
    """Calls `stop` on SIGTERM and SIGINT, `look_again` on SIGHUP.

    A hangup stops a program whose terminal went away: nobody would see or end it any more. Where there never was a
    terminal, or it is still there, or `nohup` said not to mind, a hangup is somebody's request.
    """
    minds = has_terminal() and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN

    def hang_up(*_: object) -> None:
        if minds and not has_terminal():
            stop()
        else:
            look_again()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())
    signal.signal(signal.SIGHUP, hang_up)


def has_terminal() -> bool:
    """True while this process has a controlling terminal, whatever its streams lead to."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError:
        return False
    return True
