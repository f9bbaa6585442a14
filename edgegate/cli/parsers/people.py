"""`edgegate people`: who is enrolled, what is said of them, moving them between doors, and forgetting them."""

from pathlib import Path

from edgegate.cli.options import WHEN, add_common, add_details
from edgegate.cli.parser import Commands, Parser

_BODY = "edgegate.cli.people"
_MAY = "Whether somebody may enter, and why or why not, by the same rules as the gate. Exit status 0 is yes, 1 no."
_FORGET = (
    "Erase a person, search that nothing is left, and print a receipt. On a terminal you are asked first; in a script, "
    "where standard input is none, nobody is."
)
_ROTATE = "Encrypt everything with a new key. The old one stays beside it, as FILE.ID, unless it is to be erased."


def declare(parser: Parser) -> None:
    parser.description = __doc__
    parser.show("edgegate people list", "edgegate people show Ada")
    actions = parser.commands("ACTION")
    _list(actions)
    _may(actions)
    _change(actions)
    _forget(actions)
    _move(actions)
    _protect(actions)


def _action(actions: Commands, name: str, summary: str, run: str, description: str = "") -> Parser:
    parser = actions.add_parser(name, help=summary)
    parser.carry_out(f"{_BODY}.{run}", description or f"{summary[:1].upper()}{summary[1:]}.")
    add_common(parser)
    return parser


def _list(actions: Commands) -> None:
    listing = _action(actions, "list", "everybody, and the threshold in force", "listing:list_people")
    listing.show("edgegate people list", "edgegate people list --json")
    show = _action(actions, "show", "one person's photos and their quality", "listing:show_person")
    show.show("edgegate people show Ada", "edgegate people show 'Ada Lovelace' --json")
    show.add_argument("name", metavar="NAME")


def _may(actions: Commands) -> None:
    may = _action(actions, "may", "whether somebody may enter, and why", "permitting:print_permission", _MAY)
    may.show("edgegate people may Ada", "edgegate people may Ada --at 'tomorrow 20:00'")
    may.add_argument("name", metavar="NAME")
    may.add_argument("--at", metavar="WHEN", help=f"{WHEN} (default: now)")


def _change(actions: Commands) -> None:
    change = _action(actions, "change", "change a person's groups, note or validity", "changing:change_person")
    change.show(
        "edgegate people change Ada --group staff --group night",
        "edgegate people change Ada --valid-until 2026-12-31 --note 'contract ends'",
    )
    change.add_argument("name", metavar="NAME")
    add_details(change)


def _forget(actions: Commands) -> None:
    forget = _action(actions, "forget", "erase a person, check it, print a receipt", "erasing:forget_person", _FORGET)
    forget.show("edgegate people forget Ada", "edgegate people forget Ada --yes --json")
    forget.add_argument("name", metavar="NAME")
    forget.add_argument("--yes", action="store_true", help="do not ask, also not on a terminal")


def _move(actions: Commands) -> None:
    export = _action(actions, "export", "people into an encrypted, signed file", "moving:export_people")
    export.show("edgegate people export people.edgegate", "edgegate people export ada.edgegate --names Ada")
    export.add_argument("--names", nargs="+", metavar="NAME", help="only these; by default everybody")
    bring = _action(actions, "import", "people from such a file: all of them or none", "moving:import_people")
    bring.show(
        "edgegate people import people.edgegate --skip-existing",
        "edgegate people import people.edgegate --passphrase-file passphrase.txt --trust FINGERPRINT",
    )
    bring.add_argument("--trust", metavar="FINGERPRINT", help="accept this signer, from now on")
    bring.add_argument("--skip-existing", action="store_true", help="leave out names that are enrolled here already")
    for action in (export, bring):
        action.add_argument("file", type=Path, metavar="FILE")
        action.add_argument(
            "--passphrase-file", type=Path, metavar="PATH", help="its first line, instead of being asked for it"
        )


def _protect(actions: Commands) -> None:
    rotation = _action(actions, "rotate-key", "replace the key", "protecting:rotate_key", _ROTATE)
    rotation.show("edgegate people rotate-key", "edgegate people rotate-key --lost")
    rotation.add_argument(
        "--lost", action="store_true", help="the old key is lost: people enrolled with it must come again"
    )
    rotation.add_argument(
        "--erase-old", action="store_true", help="erase old keys: other folders and backups written with them are lost"
    )
    unpack = _action(actions, "unpack-backup", "decrypt the backup of an older gallery", "protecting:unpack_backup")
    unpack.show("edgegate people unpack-backup old.db", "edgegate people unpack-backup old.db --json")
    unpack.add_argument("out", type=Path, metavar="FILE", help="written plainly: keep it safe, and delete it soon")
