"""A second process that outlives the keeper by a moment: it locks the door when the keeper dies or hangs.

Were the service manager left to find out, build a sandbox and start a program, the door would be open meanwhile. This
one has been there all along. It waits for the keeper's beats on a pipe, whose end is the keeper's end; and one that
does not beat is killed. edgegate-lock-secure still runs after it, in case both of them died.
"""

from __future__ import annotations

import fcntl
import logging
import os
import select
import signal
from collections.abc import Callable, Mapping
from typing import NoReturn

from edgegate.errors import EdgegateError
from edgegate.keeper.locked_level import LockedLevel
from edgegate.keeper.memory import stay_in_memory
from edgegate.system.systemd import watchdog_seconds

log = logging.getLogger(__name__)

SHARE = 0.9
"""Of the service manager's time for a hang, after which the keeper is killed: locked before that one looks."""

HANG_SECONDS = 2.0
"""Without a service manager that sets a time."""

_BEAT = b"."
_FIRST_LINE_BYTES = 64
"""It says which door; after it there are only beats."""


def hang_seconds(environment: Mapping[str, str]) -> float:
    """After how many seconds without a beat the keeper, which is this process, hangs."""
    return SHARE * (watchdog_seconds(environment) or HANG_SECONDS)


class GuardianLostError(EdgegateError):
    """Nobody would lock the door if the keeper died now."""


class Guardian:
    """The keeper's end of it. To be made before anything else is opened and any thread is started: it forks.

    From its first `beat` on the keeper must go on with it.
    """

    def __init__(self, seconds: float | None = None, drive: Callable[[LockedLevel], None] = LockedLevel.drive) -> None:
        read, self._pipe = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._pipe, False)
        # The smallest there is: one that is full tells of a guardian that has not listened for minutes.
        fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, 4096)
        if seconds is None:
            seconds = hang_seconds(os.environ)  # which names the keeper's process: before there are two
        keeper = os.pidfd_open(os.getpid())
        # systemd and terminals ask both of them to end: the guardian waits for the keeper to do so.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._pipe)
            _guard(read, keeper, seconds, drive)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(read)
        os.close(keeper)

    @property
    def pid(self) -> int:
        return self._pid

    def watch(self, door: LockedLevel | None) -> None:
        """From now on this door is locked if the keeper ends; None where no pin is driven. Raises GuardianLostError."""
        self._send(f"{door.chip} {door.pin} {door.level}\n".encode() if door else b"\n")

    def beat(self) -> None:
        """The lock is as it should be. Raises GuardianLostError, for a keeper must not go on without it."""
        self._send(_BEAT)

    def close(self) -> None:
        """The door is locked for good, and the keeper may take its time."""
        os.close(self._pipe)
        os.waitpid(self._pid, 0)

    def _send(self, message: bytes) -> None:
        try:
            os.write(self._pipe, message)
        except OSError as error:
            raise GuardianLostError(
                f"the guardian process {self._pid} has gone ({error.strerror}): starting again"
            ) from None


def _guard(pipe: int, keeper: int, seconds: float, drive: Callable[[LockedLevel], None]) -> NoReturn:
    """The guardian's whole life, in the process that was forked."""
    status = 1
    try:
        stay_in_memory()
        door, hung = _wait_for_the_end(pipe, keeper, seconds)
        if door is not None:
            drive(door)
        if hung:
            log.critical("the lock keeper hung for %.1f s: killed", seconds)
        if door is not None:
            log.info("the lock keeper has ended: GPIO %d was driven to its locked level once more", door.pin)
        status = 0
    except OSError as error:
        log.critical("the lock keeper has ended, and its guardian could not lock: %s", error)
    finally:
        os._exit(status)


def _wait_for_the_end(pipe: int, keeper: int, seconds: float) -> tuple[LockedLevel | None, bool]:
    """Returns what to lock now that the keeper is dead, and if it hung."""
    heard, hung = b"", False
    while True:
        watching = heard.partition(b"\n")[2] and not hung  # the first beat: until then pins are being claimed
        if not select.select([pipe], [], [], seconds if watching else None)[0]:
            signal.pidfd_send_signal(keeper, signal.SIGKILL)
            hung = True
        elif data := os.read(pipe, 4096):
            heard = (heard + data)[:_FIRST_LINE_BYTES]
        else:
            return _door(heard), hung


def _door(heard: bytes) -> LockedLevel | None:
    line, end, _ = heard.partition(b"\n")
    return LockedLevel(*map(int, line.split())) if end and line else None
