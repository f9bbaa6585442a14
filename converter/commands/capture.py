"""`converter capture`: photos of a person from the configured camera, with boxes proposed, to correct in LabelMe."""

from __future__ import annotations

import argparse
import re
import threading
from pathlib import Path

from converter.data.capture import CapturedFrame, Shooting, capture
from edgegate import app
from edgegate.camera import open_source, shown
from edgegate.cli.common import load_config
from edgegate.cli.options import add_common, count
from edgegate.cli.parser import Commands
from edgegate.clock import SystemClock, rfc3339
from edgegate.errors import UsageError
from edgegate.system.terminal import print_json


def add(commands: Commands) -> None:
    parser = commands.add_parser("capture", help="take photos of a person", description=__doc__)
    parser.show(
        "python -m converter capture Ada --out taken",
        "python -m converter capture Ada --out taken --photos 60 --set camera.source=/dev/video0",
    )
    add_common(parser)
    parser.add_argument("person", metavar="NAME", help="the class the photos are of")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="photos go to DIR/NAME")
    parser.add_argument("--photos", type=count, default=30, metavar="N", help="how many to take (%(default)s)")
    parser.add_argument("--every", type=_seconds, default=0.7, metavar="SECONDS", help="between photos (%(default)s)")
    parser.add_argument("--seconds", type=_seconds, default=120.0, metavar="SECONDS", help="at most (%(default)s)")
    parser.add_argument("--shooting", metavar="NAME", help="this occasion (NAME-date-time); given again, it goes on")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    config, clock = load_config(args), SystemClock()
    shooting = _shooting(args, rfc3339(clock.wall()), Path(shown(config.camera.source)).name)
    analyzer = app.build_analyzer(config)
    source = open_source(config.camera, clock, threading.Event())
    looks: list[CapturedFrame] = []
    try:
        shooting.folder.mkdir(parents=True, exist_ok=True)
        limits = {"photos": args.photos, "every": args.every, "seconds": args.seconds}
        for look in capture(source, analyzer, shooting, **limits):
            looks.append(look)
            if not args.json:
                print(f"{look.at:.1f} s: {look.photo or f'refused: {look.fault}: {look.advice}'}", flush=True)
    finally:
        source.close()
    return _report(args, looks)


def _shooting(args: argparse.Namespace, now: str, camera: str) -> Shooting:
    """The occasion; called again under its name, it goes on."""
    person = args.person.strip()
    name = args.shooting or f"{person}-{re.sub('[^0-9T]', '', now[:19])}"
    if not person or {"/", "\\"} & set(person + name):
        raise UsageError(f"capture: {person!r} and {name!r} become file names; use letters, digits and dashes")
    return Shooting(person, name, camera, args.out / person)


def _report(args: argparse.Namespace, looks: list[CapturedFrame]) -> int:
    kept = [look for look in looks if look.photo]
    if args.json:
        rows = [
            {"at": round(x.at, 2), "photo": str(x.photo) if x.photo else None, "reason": x.fault, "advice": x.advice}
            for x in looks
        ]
        print_json({"person": args.person, "photos": len(kept), "looks": rows})
    else:
        print(f"{args.person}: {len(kept)} of {args.photos} photos; look at the boxes with: labelme {args.out}")
    return 0 if len(kept) == args.photos else 1


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value
