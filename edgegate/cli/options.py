"""Options that several commands take, and how their values are read. Light: every `--help` imports it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

WHEN = "a time such as 2026-01-31, `2026-01-31 08:00`, yesterday or -2h, in the door's time zone unless it names one"
"""The help text of an option that takes a time; `edgegate.system.moments` reads it."""


def add_common(parser: argparse.ArgumentParser) -> None:
    """Adds the options that every command takes."""
    group = parser.add_argument_group("common options")
    group.add_argument(
        "-c",
        "--config",
        type=Path,
        metavar="CONFIG",
        default=os.environ.get("EDGEGATE_CONFIG") or None,
        help="config file (default: $EDGEGATE_CONFIG, or else built-in defaults)",
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="TABLE.KEY=VALUE",
        help="override one key; may be repeated",
    )
    group.add_argument("--data", type=Path, metavar="DIR", help="where gallery and journal live")
    group.add_argument("--json", action="store_true", help="print the result as JSON")


def add_details(parser: argparse.ArgumentParser) -> None:
    """Adds the options for a person's details; `people.changing.read_details` reads them."""
    parser.add_argument("--group", action="append", metavar="GROUP", help="repeat for several; `none` for none")
    parser.add_argument("--note", metavar="TEXT", help="for people to read")
    parser.add_argument("--valid-from", metavar="WHEN", help=f"not let in before: {WHEN}, or `none`")
    parser.add_argument("--valid-until", metavar="WHEN", help="not let in after: so too; a day alone is counted in")


def count(text: str) -> int:
    """Reads a whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def positive(text: str) -> float:
    """Reads a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text!r}: not a number above 0")
    return value


def port(text: str) -> int:
    """Reads a port to listen on; 0 is any that is free."""
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 0 to 65535")
    return int(text)
