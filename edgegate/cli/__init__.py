"""One program, one file a command. Exit status: 0 done or yes, 1 no or failed, 2 the call or config is wrong."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from edgegate import __version__
from edgegate.cli.common import common_options
from edgegate.errors import EdgegateError

COMMANDS = ("run", "replay", "demo", "enroll", "people", "journal", "watch", "check", "evaluate", "bench")


def build_parser() -> argparse.ArgumentParser:
    """Every command's module gives its own options in `add`, and sets `run` to what carries it out."""
    parser = argparse.ArgumentParser(prog="edgegate", description="Face access control at a door.")
    parser.add_argument("--version", action="version", version=f"edgegate {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    parent = common_options()
    for name in COMMANDS:
        import_module(f"edgegate.cli.{name}").add(commands, parent)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    args = build_parser().parse_args(argv)
    try:
        status: int = args.run(args)
        sys.stdout.flush()
    except EdgegateError as error:
        for line in str(error).splitlines():
            print(f"edgegate: {line}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; pointing stdout at nothing keeps the interpreter's last flush quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status
