"""Erasing somebody for good, and searching that nothing of them is left."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgegate import private
from edgegate.errors import GalleryError
from edgegate.gallery.database import TABLES
from edgegate.gallery.migration import backup_of
from edgegate.gallery.people import Person

FOLDERS = ("crops", "pictures", "snapshots")
"""Folders beside the gallery whose files carry the id of the person they show in their names."""

_SQLITES_OWN = " ".join(TABLES).encode() + b"SQLite format 3 table index sqlite_autoindex_person_1"
"""Words in the file that are about nobody."""

_SHORT = 4  # bytes; anything shorter is in any file of numbers by chance, and is compared with whole cells only


@dataclass(frozen=True, slots=True)
class Erased:
    """Who was erased, how many templates, the files removed on the way, and what was searched for traces."""

    person: Person
    templates: int
    removed: tuple[Path, ...]
    searched: tuple[Path, ...]


def remove_files(gallery: Path, person: Person) -> list[Path]:
    """Overwrite and remove every backup of the gallery, and every picture of this person; which they were."""
    pictures = [file for file in _in_folders(gallery) if person.id in file.name]
    _remove(pictures)
    return remove_backups(gallery) + pictures


def remove_backups(gallery: Path) -> list[Path]:
    """Overwrite and remove the backup of an older gallery, and unfinished ones; which they were."""
    backup = backup_of(gallery)
    backups = [*gallery.parent.glob(f".{backup.name}.*.new"), *gallery.parent.glob(backup.name)]
    _remove(backups)
    return backups


def stored_blobs(db: sqlite3.Connection, person: str) -> list[bytes]:
    """What the file holds of somebody's templates and pictures, as it lies there."""
    found = db.execute("SELECT template, picture FROM photo WHERE person = ?", (person,))
    return [blob for row in found for blob in row if blob]


def traces(person: Person, stored: Iterable[bytes]) -> list[bytes]:
    """What would tell that somebody was here: in words, in numbers, and in what these were encrypted to."""
    words = [person.id, person.name, person.note, *(photo.source for photo in person.photos)]
    plain = [photo.embedding.astype("<f4").tobytes() for photo in person.photos]
    pictures = [photo.picture for photo in person.photos if photo.picture]
    return [trace for trace in (*(word.encode() for word in words), *plain, *pictures, *stored) if trace]


def search(gallery: Path, db: sqlite3.Connection, name: str, wanted: Sequence[bytes]) -> list[Path]:
    """Look for traces in the gallery and in all that lies with it; where it was looked. Raises GalleryError.

    What somebody else's rows hold too is no trace. The gallery is read through SQLite: to open and close the file
    beside it would end SQLite's locks on it.
    """
    cells = {_bytes(cell) for cell in _cells(db)}
    kept = _SQLITES_OWN + b"\n".join(cells)
    content = db.serialize()
    if any(trace in cells if len(trace) < _SHORT else trace in content and trace not in kept for trace in wanted):
        raise _remains(name, gallery)
    others = [file for file in gallery.parent.glob(f"*{gallery.name}*") if file != gallery] + _in_folders(gallery)
    for file in others:
        if _holds(file, [trace for trace in wanted if len(trace) >= _SHORT and trace not in kept]):
            raise _remains(name, file)
    return [gallery, *others]


def _cells(db: sqlite3.Connection) -> Iterable[object]:
    """Every value in every table, of whoever made it."""
    tables = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (table,) in tables:
        if any(f"CREATE TABLE {table} " in statement for statement in TABLES):
            for row in db.execute(f"SELECT * FROM {table}"):  # noqa: S608 (one of this program's own)
                yield from row


def _bytes(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else str(cell).encode()


def _in_folders(gallery: Path) -> list[Path]:
    return [file for folder in FOLDERS for file in (gallery.parent / folder).rglob("*") if file.is_file()]


def _holds(file: Path, wanted: Sequence[bytes]) -> bool:
    try:
        content = file.read_bytes()
    except FileNotFoundError:  # another process's, and gone again
        return False
    except OSError as error:
        raise GalleryError(f"erased, but {file} cannot be searched: {error.strerror}") from None
    return any(trace in content or trace in file.name.encode() for trace in wanted)


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        try:
            private.erase(file)
        except OSError as error:
            raise GalleryError(f"{file}: cannot be erased, so nothing is: {error.strerror}") from None


def _remains(name: str, file: Path) -> GalleryError:
    return GalleryError(f"{name}: erased, but a trace remains in {file}; delete that file to be sure")
