"""`converter practice`: photos to practise on, the same bytes for the same seed."""

from __future__ import annotations

import argparse
from pathlib import Path

from converter.compositions.practice import SEED, Amount, write_practice
from edgegate.cli.options import count
from edgegate.cli.parser import Commands
from edgegate.system.terminal import print_json, printable


def add(commands: Commands) -> None:
    parser = commands.add_parser("practice", help="photos to practise on", description=__doc__)
    parser.show("python -m converter practice practice", "python -m converter practice practice --people 3 --seed 7")
    parser.add_argument("folder", type=Path, metavar="DIR", help="the new folder to write to")
    for what in ("people", "days", "strangers"):
        default = getattr(Amount(), what)
        parser.add_argument(f"--{what}", type=count, default=default, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="the same gives the same bytes (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    write_practice(args.folder, args.seed, Amount(people=args.people, days=args.days, strangers=args.strangers))
    kinds = {
        kind: (len(list(kind.rglob("*.jpg"))), len(list(kind.iterdir()))) for kind in sorted(args.folder.iterdir())
    }
    if args.json:
        print_json([{"folder": str(kind), "pictures": n, "folders": m} for kind, (n, m) in kinds.items()])
        return 0
    for kind, (pictures, folders) in kinds.items():
        print(printable(f"{kind}: {pictures} pictures in {folders}"))
    return 0
