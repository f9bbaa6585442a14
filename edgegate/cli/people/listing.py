"""`edgegate people list` and `show`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from edgegate import app, journal
from edgegate.access import Permissions
from edgegate.cli.common import load_config
from edgegate.clock import rfc3339
from edgegate.config import Config
from edgegate.events.vocabulary import EventType
from edgegate.gallery import Person
from edgegate.system.terminal import print_json, printable


def list_people(args: argparse.Namespace) -> int:
    config = load_config(args)
    gallery = app.open_gallery(config)
    identifier = app.build_identifier(config, gallery)
    known, seen = {person.id for person in identifier.people}, last_seen(config)
    people, may = sorted(identifier.everybody(), key=lambda person: person.name), permissions(config)
    if args.json:
        door_rate = None if config.recognition.model_alone else identifier.door_rate().as_dict()
        rows = [summary(person, known, seen) | {"may": may.in_words(person.groups)} for person in people]
        print_json({"people": rows, "promise": door_rate, "trouble": gallery.fault()})
        return 0
    for person in people:
        print(printable(_line(person, known, seen, may)))
    print(app.door_rate_in_words(config, identifier))
    if (fault := gallery.fault()) is not None:
        print(printable(fault))
    return 0


def show_person(args: argparse.Namespace) -> int:
    config = load_config(args)
    gallery = app.open_gallery(config)
    person = gallery.find(args.name)
    seen = last_seen(config)
    if args.json:
        known = {known.id for known in app.build_identifier(config, gallery).people}
        print_json(summary(person, known, seen) | {"may": permissions(config).in_words(person.groups)})
        return 0
    facts = {
        "id": person.id,
        "enrolled": person.enrolled,
        "groups": ", ".join(person.groups),
        "may enter": permissions(config).in_words(person.groups),
        "valid": _validity(person),
        "last seen": _moment(seen.get(person.id)) or "never",
        "note": person.note,
        **({"unreadable": f"{person.unreadable} photos, whose key is lost"} if person.unreadable else {}),
    }
    print(printable(person.name))
    for what, value in facts.items():
        if value:
            print(printable(f"  {what:10} {value}"))
    for photo in person.photos:
        look = f"  {photo.look}" if photo.look else ""
        print(printable(f"  {'photo':10} {photo.source}  quality {photo.quality:.2f}{look}"))
    return 0


def last_seen(config: Config) -> Mapping[str, float]:
    """Returns the moment that each id was last let in, in seconds since the epoch."""
    path = app.journal_path(config)
    return journal.last_times(path, EventType.GRANTED) if path.exists() else {}


def permissions(config: Config) -> Permissions:
    """Returns the permissions at this door."""
    return config.access.permissions(config.site.door)


def summary(person: Person, known: Iterable[str], seen: Mapping[str, float]) -> dict[str, Any]:
    return {
        "name": person.name,
        "id": person.id,
        "enrolled": person.enrolled,
        "recognisable": person.id in known,
        "groups": list(person.groups),
        "note": person.note,
        "valid_from": person.valid_from,
        "valid_until": person.valid_until,
        "last_seen": _moment(seen.get(person.id)),
        "quality": round(fmean(photo.quality for photo in person.photos), 3) if person.photos else None,
        "photos": [{"source": p.source, "quality": round(p.quality, 3), "look": p.look} for p in person.photos],
        "unreadable": person.unreadable,
    }


def _line(person: Person, known: Iterable[str], seen: Mapping[str, float], may: Permissions) -> str:
    count, quality = len(person.photos), ""
    if person.photos:
        quality = f"quality {fmean(photo.quality for photo in person.photos):.2f}"
    parts = [
        f"{person.name:24} {count:3} photos  {quality:12}",
        f"since {person.enrolled}",
        f"last seen {_moment(seen.get(person.id)) or 'never'}",
        f"in {', '.join(person.groups)}" if person.groups else "",
        f"may enter: {may.in_words(person.groups)}" if may.rules else "",
        _validity(person),
        person.note,
        _reason_unknown(person) if person.id not in known else "",
    ]
    return "  ".join(part for part in parts if part)


def _reason_unknown(person: Person) -> str:
    if person.unreadable:
        return "cannot be recognised: the key is lost"
    return "enrolled with another embedder: enrol again"


def _validity(person: Person) -> str:
    begin = f"from {person.valid_from}" if person.valid_from else ""
    end = f"until {person.valid_until}" if person.valid_until else ""
    return " ".join(part for part in (begin, end) if part)


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(seconds)
