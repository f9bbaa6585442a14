"""One program, one file a command. Exit status: 0 done or yes, 1 no or failed, 2 the call or config is wrong."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from edgegate import __version__
from edgegate.cli.common import common_options
from edgegate.errors import EdgegateError

COMMANDS = (
    "run", "replay", "demo", "enroll", "people", "access", "journal", "watch", "view", "check", "evaluate", "bench",
)  # fmt: skip


class _Parser(argparse.ArgumentParser):
    """Its subparsers are of this class too. Options may stand between positional arguments: NAME --look L PHOTO."""

    _interleaving = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._interleaving or any(action.nargs == argparse.PARSER for action in self._get_positional_actions()):
            return super().parse_known_args(args, namespace)
        self._interleaving = True  # argparse calls this method again, twice
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._interleaving = False

    def error(self, message: str) -> NoReturn:
        """One line, as for every other mistake."""
        self.exit(2, f"edgegate: {message}; see {self.prog} --help\n")


def build_parser() -> argparse.ArgumentParser:
    """Every command's module gives its own options in `add`, and sets `run` to what carries it out."""
    parser = _Parser(prog="edgegate", description="Face access control at a door.")
    parser.add_argument("--version", action="version", version=f"edgegate {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    parent = common_options()
    for name in COMMANDS:
        import_module(f"edgegate.cli.{name}").add(commands, parent)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    args = build_parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="edgegate: %(message)s")
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
        _abandon_stdout()  # whoever read it has gone
        return 1
    except OSError as error:  # such as stdout on a full disk; what a part expects to fail is an EdgegateError
        _abandon_stdout()
        print(f"edgegate: {error.filename or 'output'}: {error.strerror or error}", file=sys.stderr)
        return 1
    return status


def _abandon_stdout() -> None:
    """Point it at nothing, so that the interpreter's last flush has nothing to complain about."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
