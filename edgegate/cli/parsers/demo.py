"""`edgegate demo`: see a door decide, with nothing plugged in, no account and no network."""

from pathlib import Path

from edgegate.cli.options import add_common, port
from edgegate.cli.parser import Parser


def declare(parser: Parser) -> None:
    parser.carry_out("edgegate.cli.demo:run", __doc__)
    parser.show("edgegate demo", "edgegate demo --tracker --out demo-tracker")
    add_common(parser)
    parser.add_argument(
        "--out", type=Path, default=Path("demo-out"), metavar="DIR", help="what it leaves goes here (default: demo-out)"
    )
    parser.add_argument(
        "--port", type=port, default=0, metavar="N", help="port of the embedded broker (default: a free one)"
    )
    parser.add_argument("--tracker", action="store_true", help="with the tracker network before the embedder")
