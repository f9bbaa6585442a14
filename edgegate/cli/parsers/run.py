"""`edgegate run`: the daemon."""

from edgegate.cli.options import add_common
from edgegate.cli.parser import Parser


def declare(parser: Parser) -> None:
    parser.carry_out("edgegate.cli.run:run", __doc__)
    parser.show(
        "edgegate run -c /etc/edgegate/config.toml",
        "edgegate run --data mine --set camera.source=/dev/video0 --set door.pins=mock --set mqtt.enabled=false",
    )
    add_common(parser)
