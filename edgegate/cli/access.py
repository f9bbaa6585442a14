"""`edgegate access`: what staff order at the door itself, now: a lockdown, its end, the end of a lock-out."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edgegate import app, lockout_record
from edgegate.cli.common import Commands, load_config, print_json
from edgegate.clock import SystemClock
from edgegate.errors import LockError
from edgegate.keeper.client import KeeperClient
from edgegate.lock_keeper import Status

_RELEASE = (
    "Let faces open the door again before `access.lockout_seconds` are over. A running door notices in 2 seconds."
)
_LOCKDOWN = (
    "Let nobody in, and end a hold, until `edgegate access resume`, over restarts and power cuts. Exit button, handle "
    "and fire open as ever. Asked of the lock keeper itself, so that it needs neither the daemon nor the network."
)
_RESUME = "End a lockdown, or a hold, that the lock keeper is in."


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("access", help="lockdown, its end, and the end of a lock-out", description=__doc__)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    lockdown = actions.add_parser("lockdown", parents=[parent], help="let nobody in from now on", description=_LOCKDOWN)
    lockdown.set_defaults(run=start_lockdown)
    resume = actions.add_parser("resume", parents=[parent], help="end a lockdown or a hold", description=_RESUME)
    resume.set_defaults(run=end_lockdown)
    release = actions.add_parser("release", parents=[parent], help="end a lock-out now", description=_RELEASE)
    release.set_defaults(run=release_lockout)


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
    """The lock keeper; raises LockError where the daemon has the lock itself."""
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


def _say(args: argparse.Namespace, status: Status, words: str) -> int:
    if args.json:
        print_json({"mode": status.mode, "locked": status.locked, "door": status.door})
    else:
        print(f"{words}; the lock is {'locked' if status.locked else 'unlocked'}")
    return 0


def release_lockout(args: argparse.Namespace) -> int:
    config, clock = load_config(args), SystemClock()
    with closing(app.open_journal(config, app.origin_of(config), clock)) as journal:
        released = lockout_record.release(journal, clock)
    if args.json:
        print_json({"released": released})
    else:
        print("the lock-out is over" if released else "there is no lock-out to end")
    return 0 if released else 1
