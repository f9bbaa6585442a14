"""Pictures of class 0, given as folders: the negatives, which are scenes with nobody in them and people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from converter.data.annotations import Annotation
from converter.data.dataset import UNKNOWN
from converter.data.groups import shooting
from converter.data.people import WHOLE
from converter.data.problems import Problem
from edgegate.enrol import PICTURES


def read_empty(folder: Path) -> tuple[list[Annotation], list[Problem]]:
    """Every picture below `folder`, without a box; grouped by shooting as their names tell."""
    return _read(folder, shooting, undrawn=False)


def read_strangers(folder: Path, *, cut: bool = False) -> tuple[list[Annotation], list[Problem]]:
    """Every picture below `folder`, its box undrawn; grouped by person, for one met in training is no stranger later.

    A person is a folder in `folder`, or the name before the number of a picture that lies in none, as in `ben_01.jpg`.
    `cut` says that the pictures are faces cut out already.
    """
    annotations, problems = _read(folder, _person, undrawn=not cut)
    return [replace(one, box=WHOLE) for one in annotations] if cut else annotations, problems


def _person(picture: Path, folder: Path) -> str:
    inner = picture.relative_to(folder).parts
    return inner[0] if len(inner) > 1 else shooting(picture, folder)


def _read(folder: Path, group: Callable[[Path, Path], str], *, undrawn: bool) -> tuple[list[Annotation], list[Problem]]:
    pictures = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in PICTURES]
    if not pictures:
        return [], [Problem(folder, "there are no pictures in it", "put some there, or leave the option out")]
    return [
        Annotation(picture, picture, UNKNOWN, None, group=f"{folder.name}/{group(picture, folder)}", undrawn=undrawn)
        for picture in pictures
    ], []
