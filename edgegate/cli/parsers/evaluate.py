"""`edgegate evaluate`: error rates of the installed pack, the gallery's rules and the config on labelled people."""

from pathlib import Path

from edgegate.cli.options import add_common
from edgegate.cli.parser import Parser

LABELS = "labels.csv"


def declare(parser: Parser) -> None:
    parser.carry_out("edgegate.cli.evaluate:run", __doc__)
    parser.show("edgegate evaluate people/ --report people.html", "edgegate evaluate --site")
    add_common(parser)
    parser.add_argument(
        "dataset",
        nargs="?",
        type=Path,
        metavar="DATASET",
        help="a folder a person, photos or clips in it, or in a folder a condition below: PERSON/CONDITION/FILE",
    )
    group = parser.add_argument_group("this door's own visits")
    group.add_argument("--site", action="store_true", help="measure the visits kept by [privacy] keep_scores")
    group.add_argument("--apply", action="store_true", help="with --site: put the tightened threshold in force")
    parser.add_argument("--enrol", type=int, default=3, metavar="K", help="photos to enrol each from (default: 3)")
    parser.add_argument(
        "--strangers", type=Path, metavar="DIR", help="more people, in folders like these, who are never enrolled"
    )
    parser.add_argument("--clips", action="store_true", help="the data set is video clips: replay each as a visit")
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE.csv",
        help=f"whom each file shows: columns file (or clip), person, condition (default: DATASET/{LABELS})",
    )
    parser.add_argument(
        "--identity",
        default=r"(.+)-",
        metavar="REGEX",
        help="which part of a clip's file name is the person (default: all up to the last hyphen); "
        "groups may be named person and condition",
    )
    parser.add_argument(
        "--part",
        choices=["all", "tables", "held-out"],
        default="all",
        help="two thirds of the people by a hash of their names, for tables, or the other third, for reporting",
    )
    parser.add_argument("--report", type=Path, metavar="OUT.html", help="write one self-contained page")
    parser.add_argument("--table", metavar="NAME", help="print threshold rows for a pack's card, naming the data NAME")
