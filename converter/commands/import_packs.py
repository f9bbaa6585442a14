"""`converter import packs`: the packs that edgegate ships, made of networks that others have published."""

from __future__ import annotations

import argparse
from pathlib import Path

from converter.fetch import CACHE
from converter.import_packs import SHIPPED, check_packs, import_packs
from edgegate.cli.common import Commands


def add(commands: Commands) -> None:
    parser = commands.add_parser("import", help="make packs of networks that others have published")
    sources = parser.add_subparsers(dest="source", required=True, metavar="SOURCE")
    packs = sources.add_parser("packs", help="the packs that edgegate ships", description=__doc__)
    packs.add_argument("--out", type=Path, default=SHIPPED, metavar="DIR", help="where to write them (%(default)s)")
    packs.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="downloads (%(default)s)")
    packs.add_argument("--check", action="store_true", help="write nothing; compare a rebuild with what is in DIR")
    packs.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.check:
        for line in check_packs(args.out, args.cache):
            print(line)
    else:
        for pack in import_packs(args.out, args.cache):
            print(f"{pack.folder}: {pack.task}, {pack.licence}, sha256 {pack.sha256[:12]}")
    return 0
