"""Room on the disk for what the door writes down."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

MEGABYTE = 1_000_000
ENOUGH_AGAIN = 1.1
"""Multiple of `wanted` that must be free for a disk that was short of room to be well: files come and go."""


def free_megabytes(folder: Path) -> int:
    """Returns the room at `folder`, or where it would be made, in megabytes. Raises OSError."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free // MEGABYTE


class DiskSpace:
    """The disk under `folder`, of which `wanted` megabytes shall be free."""

    def __init__(self, folder: Path, wanted: int, free: Callable[[Path], int] = free_megabytes) -> None:
        self._folder = folder
        self._wanted = wanted
        self._free = free
        self._short = False

    def fault(self) -> str | None:
        """Returns the reason that it needs attention before it is full; None while there is room."""
        try:
            free = self._free(self._folder)
        except OSError as error:
            return f"{self._folder}: {error.strerror or error}"
        self._short = free < self._wanted * (ENOUGH_AGAIN if self._short else 1)
        if not self._short:
            return None
        return f"{free:,} MB free, {self._wanted:,} wanted: nobody is let in once it is full; make room"
