"""`edgegate enroll`: a person's photos into the gallery, each accepted or refused with a reason."""

from pathlib import Path

from edgegate.cli.options import add_common, add_details
from edgegate.cli.parser import Parser

PHOTOS = range(3, 6)
"""Numbers of photos of a person that a call may ask for; the last is the number that a gallery pools."""


def declare(parser: Parser) -> None:
    parser.carry_out("edgegate.cli.enroll:run", __doc__)
    parser.show(
        "edgegate enroll Ada ada1.jpg ada2.jpg ada3.jpg --group staff --valid-until 2026-12-31",
        "edgegate enroll Ada --camera --look glasses",
    )
    add_common(parser)
    parser.add_argument("name", metavar="NAME", nargs="?")
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO", help="a photo, a folder of photos or a video")
    parser.add_argument("--camera", action="store_true", help="take the photos with the configured camera, guided")
    parser.add_argument("--again", action="store_true", help="everybody, from kept photos, for another embedder")
    parser.add_argument(
        "--photos", dest="wanted", type=int, choices=PHOTOS, default=PHOTOS[-1], help=f"to keep ({PHOTOS[-1]})"
    )
    parser.add_argument(
        "--look", default="", help="another appearance of the person: glasses, mask; recognised beside others"
    )
    add_details(parser)
    parser.add_argument("--allow-lookalike", action="store_true", help="keep somebody who is much like another person")
