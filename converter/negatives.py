"""Pictures of class 0, given as folders: scenes with nobody in them, and people whom the network shall not know."""

from __future__ import annotations

from pathlib import Path

from converter.annotations import Annotation
from converter.dataset import UNKNOWN
from converter.groups import shooting
from converter.problems import Problem
from edgegate.enrol import PICTURES


def read_negatives(folder: Path) -> tuple[list[Annotation], list[Problem]]:
    """Every picture below `folder`, without a box.

    A stranger must not be in two splits: give each a folder, or a name before the number, as in `ben_01.jpg`.
    """
    pictures = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in PICTURES]
    if not pictures:
        return [], [Problem(folder, "there are no pictures in it", "put some there, or leave the option out")]
    return [
        Annotation(picture, picture, UNKNOWN, None, group=f"{folder.name}/{shooting(picture, folder)}")
        for picture in pictures
    ], []
