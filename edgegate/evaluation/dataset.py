"""Labelled people on disk: a folder a person, clips whose names say who they show, or a file of labels.

A condition is a second level of folders, `PERSON/CONDITION/FILE`, or the labels' third column.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgegate.enrol import PICTURES, VIDEOS
from edgegate.errors import UsageError

Part = Literal["all", "tables", "held-out"]

LABELS = "labels.csv"
"""A file of this name in a data set is its labels."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One file, whom it shows, and under which condition; "" where nothing says."""

    file: Path
    person: str
    condition: str = ""

    @property
    def visit(self) -> str:
        """Returns what the file's name has before its last number: `01_2.jpg` and `01_10.jpg` are of one coming."""
        return re.sub(r"_\d+$", "", self.file.stem)


@dataclass(frozen=True, slots=True)
class LabelledVisit:
    """One coming of one person: photos in order of their numbers, or one clip."""

    person: str
    name: str
    files: tuple[Path, ...]
    condition: str = ""


def in_part(person: str, part: Part) -> bool:
    """True if a person belongs to a part of a data set, decided by a hash of the name, the same on every machine.

    Two thirds are for choosing and for threshold tables (`tables`), one third stays untouched for reporting.
    """
    third = int(hashlib.sha256(person.encode()).hexdigest(), 16) % 3
    return part == "all" or (third == 0) == (part == "held-out")


def photos_in(folder: Path, part: Part = "all", labels: Path | None = None) -> list[Labelled]:
    """Every labelled photo: by person, then condition, visit and number.

    From `labels`, or `folder/labels.csv` if there is one, else from the folders. Raises UsageError when there are
    none, or the labels are not as `read_labels` wants them.
    """
    _check_folder(folder)
    found = _from_labels(folder, labels, PICTURES)
    if found is None:
        found = list(_from_folders(folder, PICTURES))
    if not found:
        raise UsageError(f"{folder}: no photos; expected one folder a person with photos in it, or a {LABELS}")
    chosen = [photo for photo in found if in_part(photo.person, part)]
    if not chosen:
        raise UsageError(f"{folder}: none of its people is in the part {part!r}; leave --part out")
    return sorted(chosen, key=lambda photo: (photo.person, photo.condition, photo.visit, _number(photo.file)))


def photo_visits(folder: Path, part: Part, labels: Path | None = None) -> list[LabelledVisit]:
    """Visits from `folder/<person>/<visit>_<number>.jpg`: photos that differ only in the last number are a visit.

    Raises UsageError when there are none.
    """
    visits: dict[tuple[str, str, str], list[Path]] = {}
    for photo in photos_in(folder, part, labels):
        visits.setdefault((photo.person, photo.visit, photo.condition), []).append(photo.file)
    return [
        LabelledVisit(person, name, tuple(files), condition)
        for (person, name, condition), files in sorted(visits.items())
    ]


def clip_visits(folder: Path, identity: str, part: Part, labels: Path | None = None) -> list[LabelledVisit]:
    """Visits from video files, one each: by labels, by a folder a person, or by their names.

    The first group of the regular expression `identity` in a file's name, or one named `person`, is the person, or
    else all it matches; a group named `condition` is the condition. Raises UsageError when nothing matches,
    `identity` is no regular expression, or the labels are wrong.
    """
    _check_folder(folder)
    found = _from_labels(folder, labels, VIDEOS)
    if found is None:
        found = sorted([*_from_names(folder, identity), *_from_folders(folder, VIDEOS)], key=lambda clip: clip.file)
    visits = [
        LabelledVisit(clip.person, clip.file.stem, (clip.file,), clip.condition)
        for clip in found
        if in_part(clip.person, part)
    ]
    if not visits:
        raise UsageError(f"{folder}: no clips whose name matches {identity!r}; see --identity")
    return visits


def read_labels(file: Path, folder: Path) -> list[Labelled]:
    """The rows of a CSV file with the columns `file` (or `clip`), `person` and perhaps `condition`.

    Files are named relative to `folder`. Raises UsageError naming the first line that will not do.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            column = _file_column(file, rows.fieldnames or ())
            labelled = [_label(file, rows.line_num, row, column, folder) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file}: cannot be read as labels: {error}") from None
    seen: set[Path] = set()
    for label in labelled:
        if label.file in seen:
            raise UsageError(f"{file}: {label.file.relative_to(folder)} is labelled twice")
        seen.add(label.file)
    return labelled


def _file_column(file: Path, columns: Sequence[str]) -> str:
    column = next((name for name in ("file", "clip") if name in columns), None)
    if column is None or "person" not in columns:
        raise UsageError(f"{file}: its first line must name the columns file (or clip), person and perhaps condition")
    return column


def _label(file: Path, line: int, row: dict[str, str | None], column: str, folder: Path) -> Labelled:
    name, person = (row[column] or "").strip(), (row["person"] or "").strip()
    if not name or not person:
        raise UsageError(f"{file}, line {line}: a label needs a file and a person")
    if not (folder / name).is_file():
        raise UsageError(f"{file}, line {line}: no such file {name} in {folder}")
    return Labelled(folder / name, person, (row.get("condition") or "").strip())


def _from_labels(folder: Path, labels: Path | None, suffixes: set[str]) -> list[Labelled] | None:
    """Returns what the labels say of files with these suffixes; None where there are no labels."""
    if labels is None and not (folder / LABELS).is_file():
        return None
    found = read_labels(labels or folder / LABELS, folder)
    return [label for label in found if label.file.suffix.lower() in suffixes]


def _from_folders(folder: Path, suffixes: set[str]) -> Iterator[Labelled]:
    """Files in `PERSON/` and `PERSON/CONDITION/`."""
    for path in _files([*folder.glob("*/*"), *folder.glob("*/*/*")], suffixes):
        person, *condition, _ = path.relative_to(folder).parts
        if not any(part.startswith(".") for part in (person, *condition)):
            yield Labelled(path, person, *condition)


def _from_names(folder: Path, identity: str) -> Iterator[Labelled]:
    try:
        pattern = re.compile(identity)
    except re.error as error:
        raise UsageError(f"--identity {identity!r}: not a regular expression: {error}") from None
    for path in _files(folder.iterdir(), VIDEOS):
        match = pattern.search(path.stem)
        if match is None:
            continue
        named = match.groupdict()
        if person := named["person"] if "person" in named else match[1] if match.groups() else match[0]:
            yield Labelled(path, person, named.get("condition") or "")


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise UsageError(f"{folder}: not a folder; a data set is a folder of labelled photos or clips")


def _files(paths: Iterable[Path], suffixes: set[str]) -> list[Path]:
    return sorted(path for path in paths if path.suffix.lower() in suffixes and path.is_file())


def _number(path: Path) -> tuple[int, str]:
    found = re.search(r"(\d+)$", path.stem)
    return (int(found[1]) if found else 0, path.name)
