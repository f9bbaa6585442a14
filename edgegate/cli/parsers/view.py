"""`edgegate view`: the live picture with boxes, on a page for this machine only. It decides nothing, opens nothing.

On a Pi without a screen: ssh -L 8321:127.0.0.1:8321 PI, then open the printed address in the browser at home.
"""

from edgegate.cli.options import add_common, port
from edgegate.cli.parser import Parser

PORT = 8321


def declare(parser: Parser) -> None:
    parser.carry_out("edgegate.cli.view:run", __doc__)
    parser.show("edgegate view", "edgegate view --port 0 --set camera.source=/dev/video0")
    add_common(parser)
    parser.add_argument("--port", type=port, default=PORT, help=f"on 127.0.0.1 (default: {PORT}; 0: any)")
