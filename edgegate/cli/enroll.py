"""`edgegate enroll`: a person's photos into the gallery, each accepted or refused with a reason."""

from __future__ import annotations

import argparse
import itertools
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from edgegate import app
from edgegate.camera import open_source
from edgegate.cli import enroll_report as report
from edgegate.cli.common import load_config
from edgegate.cli.people.changing import print_validity, read_details
from edgegate.clock import SystemClock
from edgegate.config import Config
from edgegate.enrol import (
    Again,
    Enroller,
    Enrolment,
    PhotoVerdict,
    Sameness,
    enrol,
    read_pictures,
    reenrol,
    take_photos,
)
from edgegate.enrol.guidance import GuidanceRules, Guide
from edgegate.errors import UsageError
from edgegate.events.vocabulary import Event, EventType
from edgegate.gallery import Details
from edgegate.system.progress import progress


def run(args: argparse.Namespace) -> int:
    config = load_config(args)
    if args.again:
        return _again(config, args)
    _check(args)
    details = read_details(args, config, SystemClock())
    recognition = app.build_recognition(config)
    enroller = Enroller(recognition.analyzer, args.name, look=args.look, pictures=config.enrolment.keep_photos)
    sameness = Sameness(app.table_of(recognition.analyzer.pack))
    verdicts = _guided(config, enroller, sameness, args) if args.camera else _judged(enroller, args.photos)
    enrolment = enrol(
        args.name,
        verdicts,
        recognition.identifier,
        sameness,
        photos=args.wanted,
        guided=args.camera,
        allow_lookalike=args.allow_lookalike,
    )
    if enrolment.photos:
        _keep(config, enroller, recognition, enrolment, details)
        print_validity(details, config)
    report.print_result(args, enrolment)
    return 0 if enrolment.accepted else 1


def _check(args: argparse.Namespace) -> None:
    """Raises UsageError for a call that makes no sense, before anything slow."""
    if args.name is None:
        raise UsageError("enroll: give a name")
    if bool(args.photos) == args.camera:
        raise UsageError("enroll: give photos, or --camera to take them")
    if not args.name.strip():
        raise UsageError("enroll: the name is empty")
    missing = [str(path) for path in args.photos if not path.exists()]
    if missing:
        raise UsageError(f"{', '.join(missing)}: no such photo")


def _judged(enroller: Enroller, paths: Iterable[Path]) -> list[PhotoVerdict]:
    pictures = itertools.chain.from_iterable(map(read_pictures, paths))
    return [enroller.judge(source, image) for source, image in progress(pictures, "looking at", "photo")]


def _guided(config: Config, enroller: Enroller, sameness: Sameness, args: argparse.Namespace) -> list[PhotoVerdict]:
    guide = Guide(sameness.of_one_camera, replace(GuidanceRules(), photos=args.wanted))
    source = open_source(config.camera, SystemClock(), threading.Event())
    try:
        with report.prompts(args.wanted, as_json=args.json) as show:
            return take_photos(source, enroller, guide, show)
    finally:
        source.close()


def _keep(
    config: Config, enroller: Enroller, recognition: app.Recognition, enrolment: Enrolment, details: Details
) -> None:
    clock = SystemClock()
    journal = app.open_journal(config, app.origin_of(config), clock)
    try:
        enroller.keep(enrolment.photos, recognition.gallery, journal, clock, details, enrolment.apart)
    finally:
        journal.close()


def _again(config: Config, args: argparse.Namespace) -> int:
    if args.name or args.camera:
        raise UsageError("enroll: --again is about everybody; it takes neither a name nor photos")
    analyzer, gallery = app.build_analyzer(config), app.open_gallery(config)
    people = gallery.people()
    clock = SystemClock()
    journal = app.open_journal(config, app.origin_of(config), clock)

    def record(person: str, photos: int) -> None:
        data = {"person": None, "photos": photos, "model": analyzer.pack.name}
        journal.append([Event(EventType.PERSON_ENROLLED, clock.monotonic(), person, data)])

    try:
        everybody: list[Again] = list(
            progress(reenrol(gallery, analyzer, record), "enrolling again", "person", total=len(people))
        )
    finally:
        journal.close()
    report.print_again(args, everybody)
    return 1 if any(person.must_come for person in everybody) else 0
