"""`edgegate people change`: groups, note and validity of somebody enrolled."""

from __future__ import annotations

import argparse

from edgegate import app
from edgegate.cli.common import Commands, load_config, print_json
from edgegate.cli.people.listing import last_seen, summary
from edgegate.cli.wording import printable
from edgegate.clock import SystemClock
from edgegate.errors import UsageError
from edgegate.gallery import Details
from edgegate.moments import moment
from edgegate.types import Event, EventType


def add(actions: Commands, parent: argparse.ArgumentParser) -> None:
    change = actions.add_parser("change", parents=[parent], help="change a person's groups, note or validity")
    change.add_argument("name", metavar="NAME")
    add_details(change)
    change.set_defaults(run=change_person)


def add_details(parser: argparse.ArgumentParser) -> None:
    """What can be said of a person, as options; `read_details` reads them."""
    when = "a day or a moment, in this machine's zone unless it names one, or `none`"
    parser.add_argument("--group", action="append", metavar="GROUP", help="repeat for several; `none` for none")
    parser.add_argument("--note", metavar="TEXT", help="for people to read")
    parser.add_argument("--valid-from", metavar="WHEN", help=f"not let in before: {when}")
    parser.add_argument("--valid-until", metavar="WHEN", help=f"not let in after: {when}; a day is counted in")


def read_details(args: argparse.Namespace) -> Details:
    """Raises UsageError for what is no moment or group."""
    groups = None if args.group is None else tuple(dict.fromkeys(g.strip() for g in args.group if g.strip() != "none"))
    if groups is not None and not all(group.isprintable() and group for group in groups):
        raise UsageError("a group is a word, without control characters")
    begin = None if args.valid_from is None else moment(args.valid_from)
    end = None if args.valid_until is None else moment(args.valid_until, end=True)
    return Details(groups, args.note, begin, end)


def change_person(args: argparse.Namespace) -> int:
    config, details, clock = load_config(args), read_details(args), SystemClock()
    changed = {name: value for name in Details.__dataclass_fields__ if (value := getattr(details, name)) is not None}
    if not changed:
        raise UsageError("people change: say what: --group, --note, --valid-from or --valid-until")
    gallery = app.open_gallery(config)
    gallery.find(args.name)
    journal = app.open_journal(config, app.origin_of(config), clock)
    data = {"person": None, "changed": list(changed)}
    try:
        person = gallery.change(
            args.name,
            details,
            lambda who: journal.append([Event(EventType.PERSON_CHANGED, clock.monotonic(), who, data)]),
        )
    finally:
        journal.close()
    if args.json:
        known = {known.id for known in app.build_identifier(config, gallery).people}
        print_json(summary(person, known, last_seen(config)))
    else:
        print(printable(f"{args.name}: {', '.join(name.replace('_', ' ') for name in changed)} changed"))
    return 0
