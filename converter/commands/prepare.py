"""`converter prepare`: labelled photos to a checked dataset, split by shooting; or every fault, and nothing written."""

from __future__ import annotations

import argparse
from pathlib import Path

from converter.data.check import faults
from converter.data.dataset import SPLITS, Dataset, load_dataset
from converter.data.people import APARTS
from converter.data.prepare import KINDS, LONGEST_SIDE, MIN_PHOTOS, Sources, prepare
from converter.data.problems import DataError
from converter.data.summary import counts, remarks, table
from edgegate.cli.options import count
from edgegate.cli.parser import Commands
from edgegate.errors import UsageError
from edgegate.system.terminal import print_json


def add(commands: Commands) -> None:
    parser = commands.add_parser("prepare", help="labelled photos to a checked dataset", description=__doc__)
    parser.show(
        "python -m converter prepare taken --out dataset --empty empty --strangers strangers",
        "python -m converter prepare dataset --check",
    )
    parser.add_argument("photos", type=Path, metavar="PHOTOS", help="folder of photos with LabelMe or compact labels")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the new folder to write the dataset to")
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0], help="what PHOTOS holds (%(default)s)")
    parser.add_argument(
        "--apart", choices=APARTS, default=APARTS[0], help="what no two sets share, of people and crops (%(default)s)"
    )
    parser.add_argument("--classes", type=Path, metavar="FILE", help="class names, one a line (PHOTOS/classes.txt)")
    for kind, what in (("empty", "scenes with nobody in them"), ("strangers", "people not to be known, a folder each")):
        parser.add_argument(
            f"--{kind}", type=Path, action="append", default=[], metavar="DIR", help=f"{what}; may be repeated"
        )
    parser.add_argument("--seed", type=int, default=0, help="of the split (%(default)s)")
    parser.add_argument("--min-photos", type=count, default=MIN_PHOTOS, metavar="N", help="per class (%(default)s)")
    parser.add_argument("--longest", type=count, default=LONGEST_SIDE, metavar="PIXELS", help="shrink to (%(default)s)")
    parser.add_argument("--check", action="store_true", help="PHOTOS is a dataset: only look for faults in it")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.check:
        return _check(args)
    if args.out is None:
        raise UsageError("prepare: name the folder to write to with --out, or check a dataset with --check")
    sources = Sources(args.photos, tuple(args.empty), tuple(args.strangers), args.classes, args.kind, args.apart)
    prepared = prepare(sources, args.out, seed=args.seed, min_photos=args.min_photos, longest=args.longest)
    for remark in () if args.json else remarks(prepared):
        print(remark)
    report(prepared.dataset, args.out, as_json=args.json)
    return 0


def report(dataset: Dataset, folder: Path, *, as_json: bool) -> None:
    """Print how many pictures and shootings each class has in each split."""
    if as_json:
        print_json({"dataset": str(folder), "classes": dataset.classes, "splits": counts(dataset)})
        return
    for line in table(dataset):
        print(line)
    total = sum(len(dataset.splits[split]) for split in SPLITS)
    print(f"{folder}: {total} pictures of {len({sample.group for sample in dataset.samples()})} shootings")


def _check(args: argparse.Namespace) -> int:
    dataset = load_dataset(args.photos)
    if problems := list(faults(dataset)):
        raise DataError(problems)
    report(dataset, args.photos, as_json=args.json)
    return 0
