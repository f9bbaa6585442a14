"""`edgegate access`: orders to the door itself, now: a lockdown, its end, the end of a lock-out."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edgegate import app
from edgegate.cli.common import load_config
from edgegate.clock import SystemClock
from edgegate.errors import LockError
from edgegate.journal import lockouts
from edgegate.keeper.client import KeeperClient
from edgegate.lock.interface import LockStatus
from edgegate.system.terminal import print_json


def start_lockdown(args: argparse.Namespace) -> int:
    with _keeper(args) as keeper:
        keeper.lockdown()
        return _say(args, keeper.status(), "lockdown: nobody is let in until `edgegate access resume`")


def end_lockdown(args: argparse.Namespace) -> int:
    with _keeper(args) as keeper:
        before = keeper.ask_status().mode
        keeper.resume()
        return _say(
            args, keeper.status(), "there was nothing to end" if before == "normal" else f"the {before} is over"
        )


@contextmanager
def _keeper(args: argparse.Namespace) -> Iterator[KeeperClient]:
    """Opens the lock keeper; raises LockError where the daemon has the lock itself."""
    config = load_config(args)
    if not config.door.keeper:
        raise LockError(
            "this door has no lock keeper (door.keeper), and its daemon takes no orders: `sudo make install` gives it "
            "one; until then, stopping the daemon is what lets nobody in"
        )
    keeper = KeeperClient(Path(config.door.keeper), SystemClock(), lambda _event: None)
    try:
        yield keeper
    finally:
        keeper.close()


def _say(args: argparse.Namespace, status: LockStatus, words: str) -> int:
    if args.json:
        print_json({"mode": status.mode, "locked": status.locked, "door": status.door})
    else:
        print(f"{words}; the lock is {'locked' if status.locked else 'unlocked'}")
    return 0


def release_lockout(args: argparse.Namespace) -> int:
    config, clock = load_config(args), SystemClock()
    with closing(app.open_journal(config, app.origin_of(config), clock)) as journal:
        released = lockouts.release(journal, clock)
    if args.json:
        print_json({"released": released})
    else:
        print("the lock-out is over" if released else "there is no lock-out to end")
    return 0 if released else 1
