"""Labelled people on disk: photos in a folder a person, or clips."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgegate.enrol import PICTURES, VIDEOS
from edgegate.errors import UsageError

Part = Literal["all", "tables", "held-out"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One coming of one person: photos in order of their numbers, or one clip."""

    person: str
    name: str
    files: tuple[Path, ...]


def in_part(person: str, part: Part) -> bool:
    """Whether a person belongs to a part of a data set, decided by a hash of the name, the same on every machine.

    Two thirds are for choosing and for threshold tables (`tables`), one third stays untouched for reporting.
    """
    third = int(hashlib.sha256(person.encode()).hexdigest(), 16) % 3
    return part == "all" or (third == 0) == (part == "held-out")


def photo_visits(folder: Path, part: Part) -> list[Visit]:
    """Visits from `folder/<person>/<visit>_<number>.jpg`: photos that differ only in the last number are a visit.

    Raises UsageError when there are none.
    """
    visits: dict[tuple[str, str], list[Path]] = {}
    for path in _files(folder.glob("*/*"), PICTURES):
        if in_part(path.parent.name, part):
            visits.setdefault((path.parent.name, re.sub(r"_\d+$", "", path.stem)), []).append(path)
    if not visits:
        raise UsageError(f"{folder}: no photos; expected one folder a person with photos in it")
    return [Visit(person, name, tuple(sorted(files, key=_number))) for (person, name), files in visits.items()]


def clip_visits(folder: Path, identity: str, part: Part) -> list[Visit]:
    """Visits from video files; the first group of the regular expression `identity` in a file's name is the person.

    Clips in a folder a person need no expression. Raises UsageError when nothing matches, or `identity` is no
    regular expression.
    """
    try:
        pattern = re.compile(identity)
    except re.error as error:
        raise UsageError(f"--identity {identity!r}: not a regular expression: {error}") from None
    visits = []
    for path in _files(folder.rglob("*"), VIDEOS):
        match = pattern.search(path.stem) if path.parent == folder else None
        person = path.parent.name if path.parent != folder else match and (match[1] if match.groups() else match[0])
        if person and in_part(person, part):
            visits.append(Visit(person, path.stem, (path,)))
    if not visits:
        raise UsageError(f"{folder}: no clips whose name matches {identity!r}; see --identity")
    return visits


def _files(paths: Iterable[Path], suffixes: set[str]) -> list[Path]:
    return sorted(path for path in paths if path.suffix.lower() in suffixes)


def _number(path: Path) -> tuple[int, str]:
    found = re.search(r"(\d+)$", path.stem)
    return (int(found[1]) if found else 0, path.name)
