"""Finds the picture that a label means: beside it, in `images`, or in `images` beside `labels`, however it is written.

Computers write one name differently: an accent is one character or two (Unicode NFC, NFD), `.JPG` is `.jpg`, and the
path is that of another machine. Courses augment pictures and leave the first one's name in the copies' labels: then it
is the picture that is called as the label is.
"""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from converter.data.compact import Unfit
from edgegate.enrol import PICTURES

LABELS, IMAGES = "labels", "images"
"""Folders beside each other."""


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
        folders = dict.fromkeys((beside.parent, label.parent, *_of_images(label.parent)))
        copies = [
            label.stem + suffix for suffix in (path.suffix, *sorted(PICTURES))
        ]  # u.0.json, of u.0.jpg, says u.jpg
        for name in (path.name, *(copies if label.stem.startswith(f"{path.stem}.") else ())):
            for folder in folders:
                if (found := self._in(folder, name)) is not None:
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


def _of_images(folder: Path) -> Iterator[Path]:
    """Folders of images for a folder of labels: in it, and in place of the part of its path that is `labels`."""
    yield from _called(folder, IMAGES)
    for place, part in enumerate(folder.parts):
        if part.casefold() == LABELS:
            above, below = Path(*folder.parts[:place]), folder.parts[place + 1 :]
            yield from (images.joinpath(*below) for images in _called(above, IMAGES))


def _called(folder: Path, name: str) -> list[Path]:
    """The folders in it of that name, in any case."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.name.casefold() == name and path.is_dir())


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
