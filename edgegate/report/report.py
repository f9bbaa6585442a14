"""A report in the making: fed with turns, written when they end."""

from __future__ import annotations

from pathlib import Path

from edgegate.loop.turn import Turn
from edgegate.report.page import Heading, render
from edgegate.report.record import Record
from edgegate.system import output_files


class Report:
    """Tells what happened in a recording called `title`, at one door.

    `start` is the wall time at second 0 of the recording, in seconds since the epoch.
    """

    def __init__(self, title: str, *, site: str, door: str, start: float) -> None:
        self._heading = Heading(title, site, door, start)
        self._record = Record()

    def add(self, turn: Turn) -> None:
        """Take in one frame. Its picture is kept only where a decision fell."""
        self._record.add(turn)

    def write(self, path: Path) -> None:
        """Write the page; it appears when it is complete. Raises UsageError where `path` cannot be written."""
        with output_files.text(path) as file:
            file.write(render(self._heading, self._record))
