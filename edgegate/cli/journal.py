"""`edgegate journal`: list, verify and export what happened."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

from edgegate import app, journal
from edgegate.cli.common import Commands, count, load_config, print_json, utc_moment
from edgegate.cli.wording import in_words
from edgegate.events import CloudEvent, dumps, with_name
from edgegate.output import complete

_EPILOG = (
    "The rows are a chain: a changed, removed or inserted one shows. Rows cut off the end show only against a head "
    "that was noted elsewhere: keep what `verify` prints, and give it to a later `verify --expect`."
)


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("journal", help="list, verify and export the audit log", description=__doc__)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", parents=[parent], help="what happened, oldest first")
    listing.add_argument("--last", type=count, metavar="N", help="only the last N that match")
    listing.add_argument(
        "--since", type=utc_moment, metavar="T", help="from T on, such as 2026-01-31 or 2026-01-31T08:00Z"
    )
    listing.add_argument("--type", metavar="TYPE", help="only this type, such as access.granted")
    listing.set_defaults(run=list_events)
    check = actions.add_parser("verify", parents=[parent], help="check every row", epilog=_EPILOG)
    check.add_argument("--expect", type=str, metavar="SEQ:HASH", help="a head noted earlier; it must still be there")
    check.set_defaults(run=verify_chain)
    export = actions.add_parser("export", parents=[parent], help="every event as a line of JSON, names filled in")
    export.add_argument("--out", type=Path, metavar="FILE", help="write here instead of to standard output")
    export.set_defaults(run=export_events)


def list_events(args: argparse.Namespace) -> int:
    events = _events(args, last=args.last, since=args.since, kind=args.type)
    if args.json:
        print_json(list(events))
        return 0
    for event in events:
        print(in_words(event))
    return 0


def verify_chain(args: argparse.Namespace) -> int:
    expect = None if args.expect is None else journal.Head.parse(args.expect)
    path = app.journal_path(load_config(args))
    found = journal.verify(path, expect)
    if args.json:
        print_json(
            {
                "intact": found.intact,
                "rows": found.head.seq,
                "head": str(found.head),
                "broken_row": None if found.intact else found.head.seq + 1,
                "reason": found.reason,
            }
        )
    elif found.intact:
        print(f"{path}: intact, {found.head.seq} rows; head {found.head}")
    else:
        print(f"{path}: BROKEN at row {found.head.seq + 1}: {found.reason}; the {found.head.seq} before it are intact")
    return 0 if found.intact else 1


def export_events(args: argparse.Namespace) -> int:
    lines = (dumps(event) + "\n" for event in _events(args))
    if args.out is None:
        sys.stdout.writelines(lines)
        return 0
    with complete(args.out) as draft, draft.open("w", encoding="utf-8") as file:
        file.writelines(lines)
    if not args.json:
        print(f"{args.out}: written")
    return 0


def _events(
    args: argparse.Namespace, *, last: int | None = None, since: float | None = None, kind: str | None = None
) -> Iterator[CloudEvent]:
    config = load_config(args)
    names = functools.cache(app.names_of(config))
    for event in journal.read(app.journal_path(config), last=last, since=since, kind=kind):
        yield with_name(event, names)
