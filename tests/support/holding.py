"""Files that somebody else holds, and what a thread calls meanwhile."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

Call = tuple[str, str]
"""The event of a profile function ("call", "return", "c_call"), and the name of the function it is about."""


@contextmanager
def held(path: Path, kind: str = "EXCLUSIVE") -> Iterator[None]:
    """An SQLite file that another connection keeps to itself while the block runs."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as other:
        other.execute(f"BEGIN {kind}")
        yield
        other.execute("ROLLBACK")


@contextmanager
def calls_noted() -> Iterator[list[Call]]:
    """Everything that this thread calls and returns from in the block, C functions included, in order."""
    calls: list[Call] = []

    def note(frame: FrameType, event: str, arg: Any) -> None:
        name = frame.f_code.co_qualname if event in {"call", "return"} else getattr(arg, "__qualname__", str(arg))
        calls.append((event, name))

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def between(calls: list[Call], commit: str, pulse: str) -> list[str]:
    """Returns the functions called after the last return from `commit` before the first call of `pulse`."""
    end = calls.index(("call", pulse))
    start = max(index for index in range(end) if calls[index] == ("return", commit))
    return [name for event, name in calls[start:end] if event in {"call", "c_call"}]
