"""`edgegate-lock`: owns the door's pins, and serves those whom its socket lets in."""

from __future__ import annotations

import argparse
import grp
import logging
import os
import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from edgegate.clock import SystemClock
from edgegate.errors import EdgegateError, LockError, UsageError
from edgegate.keeper.guardian import Guardian
from edgegate.keeper.locked_level import LockedLevel
from edgegate.keeper.memory import load_all
from edgegate.keeper.server import Server
from edgegate.keeper.spool import Spool
from edgegate.lock import wiring
from edgegate.lock.controller import build_lock
from edgegate.lock.strike import pin_factory
from edgegate.lock.wiring import Wiring
from edgegate.system import logs, signals
from edgegate.system.systemd import notify

log = logging.getLogger("edgegate.keeper")

STACK_BYTES = 1 << 20
"""Of a thread: all of it stays in memory, and by default it would be 8 MB."""


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    logs.set_up("edgegate-lock", "info")
    try:
        _run(args, wiring.read(args.config))
    except EdgegateError as error:
        logs.complain("edgegate-lock", error)
        return error.status
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edgegate-lock", description=__doc__)
    parser.add_argument("-c", "--config", type=Path, metavar="CONFIG", help="config file, of which [door] is read")
    parser.add_argument("--socket", type=Path, help="default: door.keeper, or else keeper.sock in the runtime folder")
    parser.add_argument("--group", help="the group that may ask (default: this process's)")
    parser.add_argument("--mode", type=lambda text: int(text, 8), default=0o660, help="of the socket (default: 660)")
    parser.add_argument("--runtime", type=Path, default=_folder("RUNTIME_DIRECTORY", "/run/edgegate-lock"))
    parser.add_argument("--state", type=Path, default=_folder("STATE_DIRECTORY", "/var/lib/edgegate-lock"))
    return parser


def _folder(variable: str, default: str) -> Path:
    """Returns the folder that systemd names, the first if there are several."""
    return Path(os.environ.get(variable, "").partition(":")[0] or default)


def _run(args: argparse.Namespace, settings: Wiring) -> None:
    """Claim the pins, locked, and serve; whatever ends it, lock first."""
    guardian = Guardian()  # forks, and so comes before whatever is opened
    threading.stack_size(STACK_BYTES)
    if settings.pins != "mock":
        with suppress(ImportError):  # pin_factory says what to do about it
            import edgegate.lock.lgpio_pins  # noqa: F401, PLC0415  so that it is loaded too
    load_all()
    with ExitStack() as stack:
        # The machine's time as it is, for it decides nothing here: whether to trust it is asked of another program.
        clock = SystemClock(is_synchronized=lambda: True, is_kept=lambda: True)
        disk = ThreadPoolExecutor(1, "disk")
        disk.submit(lambda: None)  # starts its thread, while there are threads to be had
        spool = Spool(args.state / "events", later=disk.submit, now=clock.monotonic)
        stack.callback(spool.close)
        stack.callback(disk.shutdown)
        listener = stack.enter_context(_listener(args, settings))
        server = Server(listener, spool, clock, lambda: _alive(guardian), disk.submit)
        stack.callback(server.keep)  # what the lock did at the very end
        stack.callback(guardian.close)
        signals.listen(server.stop, _keep_the_wiring)
        signal.set_wakeup_fd(server.waker.fileno(), warn_on_full_buffer=False)
        factory = pin_factory(settings.pins)
        locked = _locked_level(settings, factory)
        locked.write(args.runtime / "locked-level")
        guardian.watch(None if settings.pins == "mock" else locked)
        lock = build_lock(settings, clock, server.tell, factory)
        stack.callback(lock.close)
        if settings.pins == "mock":
            log.warning("door.pins = mock: nothing is wired, no lock will open")
        notify("READY=1")
        log.info("GPIO %d is held locked; listening", settings.lock_pin)
        server.run(lock)
        notify("STOPPING=1")


def _alive(guardian: Guardian) -> None:
    guardian.beat()
    notify("WATCHDOG=1")


def _keep_the_wiring() -> None:
    log.warning("what [door] says now counts after a restart: a lock does not change its wiring while it runs")


def _listener(args: argparse.Namespace, settings: Wiring) -> socket.socket:
    path = args.socket or (Path(settings.keeper) if settings.keeper else args.runtime / "keeper.sock")
    try:
        return listen(path, args.mode, args.group)
    except OSError as error:
        raise UsageError(f"{error.filename or path}: {error.strerror or error}") from None


def listen(path: Path, mode: int, group: str | None) -> socket.socket:
    """A socket at `path` that only its mode and group let anybody use; one left behind is replaced.

    Raises LockError if a keeper is there already, UsageError for a group that is not, and OSError.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        _clear(path)
        before = os.umask(0o777)  # nobody, until owner and mode are right
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        if group is not None:
            os.chown(path, -1, _gid(group))
        path.chmod(mode)
        listener.listen()
    except BaseException:
        listener.close()
        raise
    return listener


def _clear(path: Path) -> None:
    if not path.exists():
        return
    if not path.is_socket():
        raise UsageError(f"{path}: there is a file, and no socket: door.keeper, or --socket, names another place")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise LockError(f"{path}: a lock keeper is listening there already")


def _gid(group: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise UsageError(f"--group {group}: no such group") from None


def _locked_level(settings: Wiring, factory: Any) -> LockedLevel:
    return LockedLevel(getattr(factory, "chip", 0), settings.lock_pin, 0 if settings.active_high else 1)


if __name__ == "__main__":
    sys.exit(main())
