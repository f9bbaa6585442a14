"""`edgegate bench`: the speed of every stage on this machine."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from edgegate.cli.common import load_config
from edgegate.errors import UsageError
from edgegate.evaluation import speed as benchmark
from edgegate.system.terminal import print_json


def run(args: argparse.Namespace) -> int:
    config = load_config(args)
    if args.frames < 1:
        raise UsageError(f"--frames {args.frames}: must be at least 1")
    speed = benchmark.measure(config, args.frames)
    if args.json:
        figures = asdict(speed)
        print_json({name: value if isinstance(value, bool) else round(value, 4) for name, value in figures.items()})
    else:
        print("\n".join(benchmark.in_words(speed)))
    return 0
