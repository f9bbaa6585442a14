"""Finds the picture that a label means: beside the label, or in `images` beside `labels`, however its name is written.

Computers write one name differently: an accent is one character or two (Unicode NFC, NFD), `.JPG` is `.jpg`, and the
path is that of another machine.
"""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from functools import cache
from pathlib import Path

from converter.data.compact import Unfit

IMAGES = "images"
"""The folder beside that of labels."""


class PictureFinder:
    """Reads each folder once."""

    def __init__(self) -> None:
        self._names = cache(_names)

    def find(self, label: Path, image: str) -> Path:
        """The picture by the name that a label gives it; a path without a file where there is none.

        Raises Unfit where two files fit and neither exactly.
        """
        path = Path(image.replace("\\", "/"))
        beside = Path(os.path.normpath(label.parent / path))  # labels say ../images
        try:
            if beside.is_file():
                return beside
        except (OSError, ValueError):  # a name that no file can have
            return beside
        for folder in dict.fromkeys((beside.parent, label.parent, label.parent.parent / IMAGES)):
            if (found := self._in(folder, path.name)) is not None:
                return found
        return label.parent / path.name

    def _in(self, folder: Path, name: str) -> Path | None:
        exact, loose = self._names(folder)
        for fitting in (exact[_composed(name)], loose[_composed(name).casefold()]):
            if len(fitting) > 1:
                both = " and ".join(path.name for path in fitting)
                raise Unfit(f"{name} may be {both} in {folder.name}; rename one of them")
            if fitting:
                return fitting[0]
        return None


def _names(folder: Path) -> tuple[defaultdict[str, list[Path]], defaultdict[str, list[Path]]]:
    """The folder's files by their composed names, and by those without regard to case."""
    exact: defaultdict[str, list[Path]] = defaultdict(list)
    loose: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file():
            exact[_composed(path.name)].append(path)
            loose[_composed(path.name).casefold()].append(path)
    return exact, loose


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
