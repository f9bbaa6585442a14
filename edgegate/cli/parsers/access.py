"""`edgegate access`: orders to the door itself, now: a lockdown, its end, the end of a lock-out."""

from edgegate.cli.options import add_common
from edgegate.cli.parser import Parser

_BODY = "edgegate.cli.access"
_LOCKDOWN = (
    "Let nobody in, and end a hold, until `edgegate access resume`, over restarts and power cuts. Exit button, handle "
    "and fire open as ever. Asked of the lock keeper itself, so that it needs neither the daemon nor the network."
)
_RESUME = "End a lockdown, or a hold, that the lock keeper is in."
_RELEASE = (
    "Let faces open the door again before `access.lockout_seconds` are over. A running door notices in 2 seconds."
)


def declare(parser: Parser) -> None:
    parser.description = __doc__
    parser.show("edgegate access lockdown", "edgegate access resume")
    actions = parser.commands("ACTION")
    for name, function, summary, description in (
        ("lockdown", "start_lockdown", "let nobody in from now on", _LOCKDOWN),
        ("resume", "end_lockdown", "end a lockdown or a hold", _RESUME),
        ("release", "release_lockout", "end a lock-out now", _RELEASE),
    ):
        action = actions.add_parser(name, help=summary)
        action.carry_out(f"{_BODY}:{function}", description)
        action.show(f"edgegate access {name}", f"edgegate access {name} -c /etc/edgegate/config.toml --json")
        add_common(action)
