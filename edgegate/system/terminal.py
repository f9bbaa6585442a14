"""Text for a terminal: nothing that came from outside steers it."""

from __future__ import annotations

import json
import sys
from typing import Any


def printable(text: str) -> str:
    """Returns `text` with � for control characters, those that turn the direction of writing included."""
    return "".join(character if character.isprintable() else "�" for character in text)


def escaped(line: str) -> str:
    """Returns the same JSON with escapes for what `printable` would take away, half a surrogate pair included."""
    return "".join(c if c.isprintable() or c == "\n" else _escape(c) for c in line)


def for_stdout(line: str) -> str:
    """Returns JSON to print: escaped on a terminal, as it is in a pipe."""
    return escaped(line) if sys.stdout.isatty() else line


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def print_json(value: Any) -> None:
    print(escaped(json.dumps(value, ensure_ascii=False, indent=2)))
