"""`edgegate people change`: groups, note and validity of somebody enrolled."""

from __future__ import annotations

import argparse
from datetime import datetime

from edgegate import app
from edgegate.cli.common import TimeReader, load_config, understood
from edgegate.cli.people.listing import last_seen, summary
from edgegate.clock import Clock, SystemClock, rfc3339
from edgegate.config import Config
from edgegate.errors import UsageError
from edgegate.events.vocabulary import Event, EventType
from edgegate.gallery import Details
from edgegate.system.terminal import print_json, printable

NONE = "none"
"""The word for no group, or no validity."""


def read_details(args: argparse.Namespace, config: Config, clock: Clock) -> Details:
    """Reads a person's details from a call; raises UsageError for what is no time or group."""
    groups = None if args.group is None else tuple(dict.fromkeys(g.strip() for g in args.group if g.strip() != NONE))
    if groups is not None and not all(group.isprintable() and group for group in groups):
        raise UsageError("a group is a word, without control characters")
    times = TimeReader(config, clock)
    begin = _stored(times, args.valid_from, "--valid-from")
    end = _stored(times, args.valid_until, "--valid-until", end=True)
    return Details(groups, args.note, begin, end)


def _stored(times: TimeReader, text: str | None, option: str, *, end: bool = False) -> str | None:
    """Returns RFC 3339 in UTC, "" for `none`, and None for an option that was not given."""
    if text is None:
        return None
    return "" if text.strip().lower() == NONE else rfc3339(times.read(text, option, end=end).timestamp())


def print_validity(details: Details, config: Config) -> None:
    """Prints how the times in a call were understood."""
    zone = config.access.calendar.zone
    for what, text in (("valid from", details.valid_from), ("valid until", details.valid_until)):
        if text:
            understood(what, datetime.fromisoformat(text).astimezone(zone))


def change_person(args: argparse.Namespace) -> int:
    config, clock = load_config(args), SystemClock()
    details = read_details(args, config, clock)
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
    print_validity(details, config)
    if args.json:
        known = {known.id for known in app.build_identifier(config, gallery).people}
        print_json(summary(person, known, last_seen(config)))
    else:
        print(printable(f"{args.name}: {', '.join(name.replace('_', ' ') for name in changed)} changed"))
    return 0
