"""`edgegate bench`: the speed of every stage on this machine."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from edgegate.cli.common import load_config
from edgegate.errors import UsageError
from edgegate.evaluation import speed
from edgegate.system.terminal import print_json


def run(args: argparse.Namespace) -> int:
    config = load_config(args)
    if args.frames < 1:
        raise UsageError(f"--frames {args.frames}: must be at least 1")
    found = speed.measure(config, args.frames)
    if args.json:
        figures = asdict(found)
        print_json({name: value if isinstance(value, bool) else round(value, 4) for name, value in figures.items()})
    else:
        print("\n".join(speed.in_words(found)))
    return 0
