"""What may be printed on a terminal: nothing that came from outside steers it."""

from __future__ import annotations

import json
import sys
from typing import Any


def printable(text: str) -> str:
    """`text` without control characters, those that turn the direction of writing included: what comes from outside
    must not steer the terminal.
    """
    return "".join(character if character.isprintable() else "�" for character in text)


def escaped(line: str) -> str:
    """The same JSON, but what `printable` would take away is escaped: half a surrogate pair, which is no text, too."""
    return "".join(c if c.isprintable() or c == "\n" else _escape(c) for c in line)


def for_stdout(line: str) -> str:
    """JSON as it is to be printed: escaped on a terminal, as it is in a pipe."""
    return escaped(line) if sys.stdout.isatty() else line


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def print_json(value: Any) -> None:
    print(escaped(json.dumps(value, ensure_ascii=False, indent=2)))
