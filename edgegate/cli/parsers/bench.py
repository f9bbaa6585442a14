"""`edgegate bench`: the speed of every stage on this machine."""

from edgegate.cli.options import add_common
from edgegate.cli.parser import Parser


def declare(parser: Parser) -> None:
    parser.carry_out("edgegate.cli.bench:run", __doc__)
    parser.show("edgegate bench", "edgegate bench --frames 50 --json")
    add_common(parser)
    parser.add_argument("--frames", type=int, default=200, metavar="N", help="frames of each kind (default: 200)")
