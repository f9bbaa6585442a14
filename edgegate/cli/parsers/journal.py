"""`edgegate journal`: list, verify and export what happened."""

from pathlib import Path

from edgegate.cli.options import WHEN, add_common, count
from edgegate.cli.parser import Parser
from edgegate.events.vocabulary import EventType

_BODY = "edgegate.cli.journal"
_PREFIX = "io.edgegate."
_VERIFY = (
    "The rows are a chain: a changed, removed or inserted one shows. Rows cut off the end show only against a head "
    "that was noted elsewhere: keep what `verify` prints, and give it to a later `verify --expect`."
)


def declare(parser: Parser) -> None:
    parser.description = __doc__
    parser.show("edgegate journal list --last 20", "edgegate journal verify")
    actions = parser.commands("ACTION")
    _list(actions.add_parser("list", help="what happened, oldest first"))
    _verify(actions.add_parser("verify", help="check every row"))
    _export(actions.add_parser("export", help="every event as a line of JSON, names filled in"))


def _list(parser: Parser) -> None:
    parser.carry_out(f"{_BODY}:list_events", "What happened, oldest first; times are those of the door's zone.")
    parser.show(
        "edgegate journal list --since yesterday --type access.denied",
        "edgegate journal list --since -2h --last 20 --json",
    )
    add_common(parser)
    parser.add_argument("--last", type=count, metavar="N", help="only the last N that match")
    parser.add_argument("--since", metavar="WHEN", help=f"from then on: {WHEN}")
    parser.add_argument(
        "--type",
        type=lambda text: text.removeprefix(_PREFIX),
        choices=[kind.value for kind in EventType],
        metavar="TYPE",
        help="only this type, such as access.granted",
    )


def _verify(parser: Parser) -> None:
    parser.carry_out(f"{_BODY}:verify_chain", "Check every row.", _VERIFY)
    parser.show(
        "edgegate journal verify",
        "edgegate journal verify --expect 412:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    )
    add_common(parser)
    parser.add_argument("--expect", type=str, metavar="SEQ:HASH", help="a head noted earlier; it must still be there")


def _export(parser: Parser) -> None:
    parser.carry_out(f"{_BODY}:export_events", "Every event as a line of JSON, names filled in.")
    parser.show("edgegate journal export --out journal.jsonl", "edgegate journal export | gzip > journal.jsonl.gz")
    add_common(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write here instead of to standard output")
