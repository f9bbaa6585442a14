"""`converter architectures`: every design of the tracker, with its input, outputs and number of parameters."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from converter.architectures import designs
from converter.training.train import require_tensorflow
from edgegate.cli.options import count
from edgegate.cli.parser import Commands
from edgegate.system.terminal import print_json


def add(commands: Commands) -> None:
    parser = commands.add_parser("architectures", help="the designs that can be trained", description=__doc__)
    parser.show("python -m converter architectures", "python -m converter architectures --classes 12 --json")
    parser.add_argument("--classes", type=count, default=3, metavar="N", help="to count parameters for (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    require_tensorflow()
    found = designs(args.classes)
    if args.json:
        print_json([asdict(design) for design in found])
        return 0
    for design in found:
        size = " × ".join(map(str, design.input))
        outputs = ", ".join(f"{name} ({', '.join(map(str, shape))})" for name, shape in design.outputs.items())
        print(f"{design.name:26} {size}  {design.parameters:>11,} parameters  head {design.head:<5} {outputs}")
    return 0
