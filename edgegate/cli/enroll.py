"""`edgegate enroll`: a person's photos into the gallery, each accepted or refused with a reason."""

from __future__ import annotations

import argparse
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

from edgegate import app
from edgegate.camera import open_source
from edgegate.cli.common import Commands, load_config, print_json
from edgegate.clock import SystemClock
from edgegate.config import Config
from edgegate.enrol import Enroller, Verdict, read_pictures
from edgegate.errors import UsageError
from edgegate.gallery import MAX_PHOTOS, Gallery
from edgegate.types import Image

CAMERA_SECONDS = 30.0
"""How long `--camera` tries to get enough good looks."""

LOOK_EVERY_SECONDS = 0.7
"""Time between looks of `--camera`, so that they differ."""


def add(commands: Commands, parent: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("enroll", parents=[parent], help="enrol a person", description=__doc__)
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO", help="a photo, a folder of photos or a video")
    parser.add_argument("--camera", action="store_true", help="take the photos with the configured camera")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    config = load_config(args)
    if bool(args.photos) == args.camera:
        raise UsageError("enroll: give photos, or --camera to take them")
    if not args.name.strip():
        raise UsageError("enroll: the name is empty")
    missing = [str(path) for path in args.photos if not path.exists()]
    if missing:
        raise UsageError(f"{', '.join(missing)}: no such photo")
    recognition = app.build_recognition(config)
    enroller = Enroller(recognition.analyzer, args.name, recognition.identifier)
    pictures = _looks(config) if args.camera else itertools.chain.from_iterable(map(read_pictures, args.photos))
    verdicts = _judge(enroller, pictures, enough=MAX_PHOTOS if args.camera else None, quiet=args.json)
    if any(verdict.photo for verdict in verdicts):
        _keep(config, enroller, recognition.gallery, verdicts)
    _report(args, verdicts)
    return 0 if any(verdict.photo for verdict in verdicts) else 1


def _judge(
    enroller: Enroller, pictures: Iterator[tuple[str, Image | None]], enough: int | None, *, quiet: bool
) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for source, image in pictures:
        verdict = enroller.judge(source, image)
        verdicts.append(verdict)
        if not quiet:
            print(f"{source}: " + ("accepted" if verdict.photo else f"refused: {verdict.fault}: {verdict.advice}"))
        if enough is not None and sum(v.photo is not None for v in verdicts) >= enough:
            break
    return verdicts


def _keep(config: Config, enroller: Enroller, gallery: Gallery, verdicts: list[Verdict]) -> None:
    clock = SystemClock()
    journal = app.open_journal(config, app.origin_of(config), clock)
    try:
        enroller.keep([v.photo for v in verdicts if v.photo], gallery, journal, clock)
    finally:
        journal.close()


def _report(args: argparse.Namespace, verdicts: list[Verdict]) -> None:
    accepted = sum(verdict.photo is not None for verdict in verdicts)
    if args.json:
        rows = [
            {"photo": v.source, "accepted": v.photo is not None, "reason": v.fault, "advice": v.advice or None}
            for v in verdicts
        ]
        print_json({"name": args.name, "accepted": accepted, "photos": rows})
    elif accepted:
        few = "; three to five different photos make recognition surer" if accepted < 3 else ""
        print(f"{args.name}: enrolled with {accepted} photo{'s' * (accepted != 1)}{few}")
    else:
        print(f"{args.name}: not enrolled, none of {len(verdicts)} photos was accepted")


def _looks(config: Config) -> Iterator[tuple[str, Image | None]]:
    """Frames from the camera, some way apart, for a limited time."""
    clock = SystemClock()
    source = open_source(config.camera, clock, threading.Event())
    started = clock.monotonic()
    due = started
    try:
        while (frame := source.read()) is not None and frame.at - started < CAMERA_SECONDS:
            if frame.at >= due:
                due = frame.at + LOOK_EVERY_SECONDS
                yield f"look at {frame.at - started:.1f} s", frame.image
    finally:
        source.close()
