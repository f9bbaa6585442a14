"""`edgegate completion`: the script that a shell completes the command line with."""

from __future__ import annotations

import argparse
from pathlib import Path

import shtab

from edgegate.cli.parser import Parser
from edgegate.cli.parsers import build_parser


def run(args: argparse.Namespace) -> int:
    parser = build_parser()
    for one in parser.every():
        _name_files(one)
    print(shtab.complete(parser, shell=args.shell))
    return 0


def _name_files(parser: Parser) -> None:
    """Marks the values that are files and folders for shtab."""
    for action in parser._actions:  # noqa: SLF001 (as shtab does; argparse has no other way)
        if action.type is Path:
            setattr(action, "complete", shtab.DIRECTORY if action.metavar == "DIR" else shtab.FILE)  # noqa: B010
