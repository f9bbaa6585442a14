"""`converter compare`: two packs or more on one test set, side by side: how right, how large, how fast.

Trackers compare with trackers, classifiers with classifiers, embedders with embedders; no TensorFlow is needed. Classes
are matched by name. What a face network sees is cut out of the dataset's photos as each pack's card says.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from converter.data.folders import made
from edgegate.cli.common import existing, load_config
from edgegate.cli.options import add_common
from edgegate.cli.parser import Commands
from edgegate.errors import UsageError
from edgegate.system.terminal import print_json, printable


def add(commands: Commands) -> None:
    parser = commands.add_parser("compare", help="packs on one test set side by side", description=__doc__)
    parser.show(
        "python -m converter compare packs/small packs/large dataset",
        "python -m converter compare packs/small packs/large packs/other dataset --out compared --json",
    )
    add_common(parser)
    parser.add_argument("packs", type=Path, nargs="+", metavar="PACK", help="folders of packs, two or more")
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="whose test images are used")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write comparison.html and comparison.json there")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from converter.data.dataset import load_dataset  # noqa: PLC0415 - with the next: slow
    from converter.evaluation.side_by_side import compare_packs  # noqa: PLC0415
    from converter.evaluation.tested import open_packs  # noqa: PLC0415
    from converter.report import side_by_side  # noqa: PLC0415
    from edgegate.clock import SystemClock  # noqa: PLC0415

    config = load_config(args)
    if len(args.packs) < 2:
        raise UsageError("compare: name two packs or more, and the dataset last")
    dataset = load_dataset(args.dataset)
    tested = open_packs([existing(pack, "pack") for pack in args.packs], dataset)
    out = None if args.out is None else made(args.out)
    content = compare_packs(tested, dataset, config, SystemClock())
    if out is not None:
        side_by_side.write(content, out)
    if args.json:
        print_json(content)
    else:
        for line in side_by_side.lines(content):
            print(printable(line))
    return 0
