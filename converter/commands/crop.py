"""`converter crop`: the face of every photo in a folder, cut out and resized, in the same subfolders."""

from __future__ import annotations

import argparse
from pathlib import Path

from converter.data.crop import MARGIN, SWEEP, Cropper, crop_folder
from edgegate.cli.common import existing
from edgegate.cli.options import count
from edgegate.cli.parser import Commands
from edgegate.system.terminal import print_json
from edgegate.vision.detect import BlazeFace, Detector
from edgegate.vision.haar import HaarDetector
from edgegate.vision.landmarks import Landmarker
from edgegate.vision.packs import Task, load_pack, shipped
from edgegate.vision.tflite import Model


def add(commands: Commands) -> None:
    parser = commands.add_parser("crop", help="faces cut out of photos, for crop classifiers", description=__doc__)
    parser.show(
        "python -m converter crop photos --out crops",
        "python -m converter crop photos --out crops --size 160 --detector haar --skip",
    )
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="a folder of photos, such as one folder a person")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the new folder to write to")
    parser.add_argument("--size", type=count, default=224, metavar="PIXELS", help="of a crop's side (%(default)s)")
    parser.add_argument(
        "--margin", type=_margin, default=MARGIN, metavar="SHARE", help="room around the face (%(default)s)"
    )
    parser.add_argument("--detector", choices=("blazeface", "haar"), default="blazeface", help="(%(default)s)")
    parser.add_argument(
        "--sweep", action="store_true", help="turn photos by up to 60° to find a face; always on with haar"
    )
    parser.add_argument("--skip", action="store_true", help="leave out photos without a face, and tell them")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    photos = existing(args.photos, "folder")
    angles = SWEEP if args.sweep or args.detector == "haar" else ()
    cropper = Cropper(_detector(args.detector), size=args.size, margin=args.margin, angles=angles)
    written, skipped = crop_folder(photos, args.out, cropper, skip=args.skip)
    if args.json:
        print_json({"crops": str(args.out), "written": written, "skipped": [str(one.file) for one in skipped]})
        return 0
    for one in skipped:
        print(f"{one.file}: skipped: {one.reason}")
    print(f"{args.out}: {written} faces of {args.size}×{args.size} pixels")
    return 0


def _detector(name: str) -> Detector:
    def load(pack: str, task: Task) -> Model:
        return Model(load_pack(shipped(pack), task))

    if name == "haar":
        return HaarDetector(Landmarker(load("face-landmarks", "landmarks")))
    return BlazeFace(load("face-detector", "detector"))


def _margin(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 2:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 2")
    return value
