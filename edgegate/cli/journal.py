"""`edgegate journal`: list, verify and export what happened."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from edgegate import app, journal
from edgegate.cli.common import TimeReader, load_config, understood
from edgegate.cli.wording import in_words
from edgegate.clock import SystemClock
from edgegate.config import Config
from edgegate.events.cloudevents import CloudEvent, dumps, with_name
from edgegate.system import output_files
from edgegate.system.terminal import for_stdout, print_json


def list_events(args: argparse.Namespace) -> int:
    config = load_config(args)
    times, since = TimeReader(config, SystemClock()), None
    if args.since is not None:
        since = times.read(args.since, "--since")
        understood("since", since)
    events = _events(config, args.last, None if since is None else since.timestamp(), args.type)
    if args.json:
        print_json(list(events))
        return 0
    for event in events:
        print(in_words(event, times.zone))
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
    lines = (dumps(event) + "\n" for event in _events(load_config(args)))
    if args.out is None:
        sys.stdout.writelines(map(for_stdout, lines))
        return 0
    with output_files.text(args.out) as file:
        file.writelines(lines)
    if not args.json and not output_files.goes_through(args.out):
        print(f"{args.out}: written")
    return 0


def _events(
    config: Config, last: int | None = None, since: float | None = None, kind: str | None = None
) -> Iterator[CloudEvent]:
    names = app.names_of(config)
    for event in journal.read(app.journal_path(config), last=last, since=since, kind=kind):
        yield with_name(event, names)
