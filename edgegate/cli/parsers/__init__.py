"""The options of every command, a module each: nothing heavy is imported to list the commands."""

from __future__ import annotations

from edgegate import __version__
from edgegate.cli.parser import Parser

COMMANDS = {
    "run": "run the door",
    "replay": "run a recorded video through the pipeline",
    "demo": "see a door decide",
    "enroll": "enrol a person",
    "people": "list, show, change, move and forget people",
    "access": "lockdown, its end, and the end of a lock-out",
    "journal": "list, verify and export the audit log",
    "watch": "what the door publishes, live",
    "view": "the live picture with boxes",
    "check": "what works and what does not",
    "evaluate": "error rates on labelled people",
    "bench": "speed of every stage here",
    "convert": "trained networks and photos to model packs",
    "completion": "completion for your shell",
}
"""The commands in the order that `--help` lists them, with a summary each."""


def build_parser() -> Parser:
    """Returns the program's parser: the module named as a command declares its options when it is called."""
    parser = Parser(prog="edgegate", description="Face access control at a door.")
    parser.show("edgegate check", "edgegate journal list --since yesterday")
    parser.add_argument("--version", action="version", version=f"edgegate {__version__}")
    commands = parser.commands(required=False)
    for name, summary in COMMANDS.items():
        commands.add_parser(name, help=summary, declare=f"{__name__}.{name}")
    return parser
