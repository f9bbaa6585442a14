"""`edgegate check`: a line for every part of the door, with the way to mend what is wrong."""

from edgegate.cli.options import add_common
from edgegate.cli.parser import Parser

PARTS = (
    "config", "camera", "models", "network", "gallery", "access", "liveness", "lock", "journal", "disk", "temperature",
    "clock", "broker", "service",
)  # fmt: skip
"""The parts in the order in which they are looked at."""


def declare(parser: Parser) -> None:
    parser.carry_out("edgegate.cli.check:run", __doc__)
    parser.show("edgegate check", "edgegate check --only camera --only lock --json")
    add_common(parser)
    parser.add_argument(
        "--only", action="append", choices=PARTS, metavar="PART",
        help=f"look at this part alone, which may be given again: {', '.join(PARTS)}",
    )  # fmt: skip
