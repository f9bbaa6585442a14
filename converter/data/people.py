"""Photos of people without labels, a folder for each: its name is theirs, and `unknown` those not to be known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from converter.data.annotations import Annotation
from converter.data.groups import shooting
from converter.data.problems import Problem
from edgegate.enrol import PICTURES

Apart: TypeAlias = Literal["shooting", "photo", "person"]
"""The unit that is never in two splits: a capture session, as file names tell; a photo; or a person, for
what must be right about people whom it has never seen."""
APARTS: tuple[Apart, ...] = get_args(Apart)

WHOLE = (0.0, 0.0, 1.0, 1.0)
"""The box of a face that was cut out already."""


def read_people(folder: Path, apart: Apart, *, cut: bool) -> tuple[list[Annotation], list[Problem]]:
    """Every picture in a folder below `folder`; `cut` says that they are faces, such as `converter crop` writes."""
    inside = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in PICTURES]
    pictures = [file for file in inside if file.parent != folder]
    if not pictures:
        return [], [Problem(folder, "there are no folders of photos in it", "put one there for each person")]
    return [
        Annotation(
            file, file, name_of(file, folder), WHOLE if cut else None, group=group(file, folder), undrawn=not cut
        )
        for group in [_GROUPS[apart]]
        for file in pictures
    ], []


def name_of(picture: Path, folder: Path) -> str:
    return picture.relative_to(folder).parts[0]


_GROUPS: Mapping[Apart, Callable[[Path, Path], str]] = {
    "shooting": shooting,
    "photo": lambda picture, folder: picture.relative_to(folder).as_posix(),
    "person": name_of,
}
