"""`edgegate access`: end a lock-out by hand."""

from __future__ import annotations

import argparse
from contextlib import closing

from edgegate import app, lockout_record
from edgegate.cli.common import Commands, load_config, print_json
from edgegate.clock import SystemClock

_RELEASE = (
    "Let faces open the door again before `access.lockout_seconds` are over. A running door notices in 2 seconds."
)


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("access", help="end a lock-out", description=__doc__)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    release = actions.add_parser("release", parents=[parent], help="end a lock-out now", description=_RELEASE)
    release.set_defaults(run=release_lockout)


def release_lockout(args: argparse.Namespace) -> int:
    config, clock = load_config(args), SystemClock()
    with closing(app.open_journal(config, app.origin_of(config), clock)) as journal:
        released = lockout_record.release(journal, clock)
    if args.json:
        print_json({"released": released})
    else:
        print("the lock-out is over" if released else "there is no lock-out to end")
    return 0 if released else 1
