"""`edgegate people`: who is enrolled, and forgetting them."""

from __future__ import annotations

import argparse
from typing import Any

from edgegate import app
from edgegate.cli.common import Commands, load_config, print_json
from edgegate.clock import SystemClock
from edgegate.gallery import Person
from edgegate.identification import Identifier
from edgegate.types import Event, EventType


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("people", help="list, show and forget who is enrolled", description=__doc__)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", parents=[parent], help="everybody, and the threshold in force")
    listing.set_defaults(run=list_people)
    show = actions.add_parser("show", parents=[parent], help="one person's photos and their quality")
    forget = actions.add_parser("forget", parents=[parent], help="erase a person, check it, print a receipt")
    for action, function in ((show, show_person), (forget, forget_person)):
        action.add_argument("name", metavar="NAME")
        action.set_defaults(run=function)


def list_people(args: argparse.Namespace) -> int:
    config = load_config(args)
    identifier = app.build_identifier(config, app.open_gallery(config))
    promise = identifier.promise()
    people = sorted(identifier.everybody(), key=lambda person: person.name)
    if args.json:
        known = None if config.recognition.tracker_alone else promise.as_dict()
        print_json({"people": [_summary(p, identifier) for p in people], "promise": known})
        return 0
    for person in people:
        note = "" if person in identifier.people else "  enrolled with another embedder: enrol again"
        print(f"{person.name:24} {len(person.photos):3} photos  since {person.enrolled}{note}")
    print(app.promise_in_words(config, identifier))
    return 0


def show_person(args: argparse.Namespace) -> int:
    config = load_config(args)
    gallery = app.open_gallery(config)
    person = gallery.find(args.name)
    if args.json:
        print_json(_summary(person, app.build_identifier(config, gallery)))
        return 0
    print(f"{person.name}\n  id        {person.id}\n  enrolled  {person.enrolled}")
    for photo in person.photos:
        print(f"  photo     {photo.source}  quality {photo.quality:.2f}")
    return 0


def forget_person(args: argparse.Namespace) -> int:
    config = load_config(args)
    clock = SystemClock()
    gallery = app.open_gallery(config)
    gallery.find(args.name)
    journal = app.open_journal(config, app.origin_of(config), clock)
    try:
        person = gallery.forget(args.name)
        data = {"person": None, "photos": len(person.photos)}
        (event,) = journal.append([Event(EventType.PERSON_FORGOTTEN, clock.monotonic(), person.id, data)])
    finally:
        journal.close()
    receipt = {
        "forgotten": args.name,
        "id": person.id,
        "templates_erased": len(person.photos),
        "event": event["id"],
    }
    if args.json:
        print_json(receipt)
    else:
        print(
            f"{args.name}: erased, and checked: {len(person.photos)} templates are no longer in {gallery.path}\n"
            f"receipt: {event['id']} at {event['time']}; the journal keeps the opaque id {person.id}, no name"
        )
    return 0


def _summary(person: Person, identifier: Identifier) -> dict[str, Any]:
    return {
        "name": person.name,
        "id": person.id,
        "enrolled": person.enrolled,
        "recognisable": any(person.id == known.id for known in identifier.people),
        "photos": [{"source": photo.source, "quality": round(photo.quality, 3)} for photo in person.photos],
    }
