"""`edgegate watch`: what the door publishes, live."""

from edgegate.cli.options import add_common, count, positive
from edgegate.cli.parser import Parser

_JSON = "With --json each line is an object with topic, retained and payload. End it with Ctrl-C."


def declare(parser: Parser) -> None:
    parser.carry_out("edgegate.cli.watch:run", __doc__, _JSON)
    parser.show("edgegate watch --all", "edgegate watch --set mqtt.host=broker --count 1 --json")
    add_common(parser)
    parser.add_argument("--all", action="store_true", help="all doors of the site")
    parser.add_argument("--count", type=count, metavar="N", help="end after N messages")
    parser.add_argument("--seconds", type=positive, metavar="S", help="end after S seconds")
