"""`edgegate replay`: a recording through the same pipeline, with the decisions the door would have made."""

from pathlib import Path

from edgegate.cli.options import WHEN, add_common
from edgegate.cli.parser import Parser

START = "2026-01-01T00:00:00Z"
"""The beginning of a recording by default."""


def declare(parser: Parser) -> None:
    parser.carry_out("edgegate.cli.replay:run", __doc__)
    parser.show(
        "edgegate replay visit.mp4 --report visit.html --annotate visit-annotated.webm",
        "edgegate replay visit.mp4 --start-time '2026-06-15 08:00' --expect golden.jsonl",
    )
    add_common(parser)
    parser.add_argument("video", type=Path, metavar="VIDEO")
    parser.add_argument("--start-time", metavar="WHEN", help=f"when the recording begins: {WHEN} (default: {START})")
    parser.add_argument("--events", type=Path, metavar="OUT.jsonl", help="write events here, as JSON lines")
    parser.add_argument("--annotate", type=Path, metavar="OUT.webm", help="write the video with boxes and decisions")
    parser.add_argument("--report", type=Path, metavar="OUT.html", help="write one self-contained page")
    parser.add_argument("--expect", type=Path, metavar="GOLDEN.jsonl", help="exit 1 with a diff unless events match")
    parser.add_argument("--realtime", action="store_true", help="pace by the wall clock and drop like the door")
    parser.add_argument("--publish", action="store_true", help="publish the events to the configured broker")
