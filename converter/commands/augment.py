"""`converter augment`: a new dataset with altered copies of the training pictures, boxes following; from a seed."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from converter.commands.prepare import report
from converter.data.augment import Augmentation, augment_dataset
from converter.data.dataset import SPLITS, load_dataset
from edgegate.cli.options import count
from edgegate.cli.parser import Commands

_MOST = {
    "crop": 0.9,
    "brightness": 1,
    "contrast": 1,
    "gamma": 0.9,
    "colour": 255,
    "rotation": 180,
    "blur": 20,
    "noise": 1,
    "jpeg": 99,
}


def add(commands: Commands) -> None:
    parser = commands.add_parser("augment", help="altered copies of a dataset's pictures", description=__doc__)
    parser.show(
        "python -m converter augment dataset --out augmented",
        "python -m converter augment dataset --out augmented --copies 10 --no-flip",
    )
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="a folder that prepare wrote")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the new folder to write to")
    parser.add_argument("--copies", type=count, default=5, metavar="N", help="of each picture (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="the same gives the same bytes (%(default)s)")
    parser.add_argument(
        "--split", action="append", choices=SPLITS, help="which to add copies to; may be repeated (train)"
    )
    group = parser.add_argument_group("how far at most (0: not at all)")
    for name, most in _MOST.items():
        default = getattr(Augmentation(), name)
        kind = partial(_strength, type(default), most)
        group.add_argument(f"--{name}", type=kind, default=default, metavar="X", help=f"of {most} (%(default)s)")
    group.add_argument("--no-flip", dest="flip", action="store_false", help="never mirror a picture")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = Augmentation(flip=args.flip, **{name: getattr(args, name) for name in _MOST})
    dataset = load_dataset(args.dataset)
    splits = tuple(args.split or ("train",))
    augmented = augment_dataset(dataset, args.out, copies=args.copies, seed=args.seed, settings=settings, splits=splits)
    report(augmented, args.out, as_json=args.json)
    return 0


def _strength(kind: type[int | float], most: float, text: str) -> float:
    try:
        value = kind(text)
    except ValueError:
        value = kind(-1)
    if not 0 <= value <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not {'a whole' if kind is int else 'a'} number from 0 to {most}")
    return value
