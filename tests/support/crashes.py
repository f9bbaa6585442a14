"""A process that ends, as by a power cut, at each line it comes to in turn."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import edgegate

_CRASHED = 77
_WATCHED = tuple(str(Path(edgegate.__file__).parent / name) for name in ("gallery", "system/private_files.py"))


def crashes(prepare: Callable[[], object], act: Callable[[], object]) -> Iterator[int]:
    """For each line of the gallery that `act` comes to: prepare, act, and end before it for the first time; yield."""
    prepare()
    for moment in _firsts(act):
        prepare()
        _crash(act, moment)
        yield moment


def _firsts(act: Callable[[], object]) -> list[int]:
    """Returns the count of lines executed up to the first time that each line is reached."""
    seen: dict[tuple[str, int], int] = {}
    count = 0

    def note(frame: FrameType) -> None:
        nonlocal count
        count += 1
        seen.setdefault((frame.f_code.co_filename, frame.f_lineno), count)

    _trace(act, note)
    return list(seen.values())


def _crash(act: Callable[[], object], moment: int) -> None:
    """Act in a child process that ends just before the line that it comes to at that moment."""
    left = moment

    def end(_frame: FrameType) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os._exit(_CRASHED)

    child = os.fork()
    if child == 0:
        try:
            _trace(act, end)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == _CRASHED


def _trace(act: Callable[[], object], note: Callable[[FrameType], None]) -> None:
    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(_WATCHED):
            return None
        if event == "line":
            note(frame)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
