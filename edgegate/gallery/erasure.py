"""Erasing somebody for good, and a search for anything of them that is left."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgegate.errors import GalleryError
from edgegate.gallery import raw
from edgegate.gallery.database import TABLES
from edgegate.gallery.migration import backup_of
from edgegate.gallery.people import Person
from edgegate.system import private_files

FOLDERS = ("crops", "pictures", "snapshots")
"""Folders beside the gallery whose files carry the id of the person they show in their names."""

_SQLITES_OWN = " ".join(TABLES).encode() + b"SQLite format 3 table index sqlite_autoindex_person_1"
"""Words in the file that are about nobody."""

_SHORT = 4  # bytes; anything shorter is in any file of numbers by chance, and lies in rows that hold the id too

_PAGE = 4000
"""Bytes between the pieces looked for. SQLite spreads longer values over pages of 4096 bytes, so that any page left
over would hold one piece whole."""

_PIECE, _LONG_PIECE = 64, 256
"""Length in bytes of the pieces of a template, and of a picture: a longer one is searched for faster."""

_ROWS = 16
"""Rows read at a time, so that no writer waits long."""


@dataclass(frozen=True, slots=True)
class Erased:
    """The person erased, the number of their templates, the files removed, and the files searched for traces."""

    person: Person
    templates: int
    removed: tuple[Path, ...]
    searched: tuple[Path, ...]


def remove_files(gallery: Path, person: Person) -> list[Path]:
    """Overwrites and removes every backup of the gallery and every picture of this person. Returns their paths."""
    pictures = [file for file in _in_folders(gallery) if person.id in file.name]
    _remove(pictures)
    return remove_backups(gallery) + pictures


def remove_backups(gallery: Path) -> list[Path]:
    """Overwrites and removes the backup of an older gallery, and unfinished ones. Returns their paths."""
    backup = backup_of(gallery)
    backups = [*gallery.parent.glob(f".{backup.name}.*.new"), *gallery.parent.glob(backup.name)]
    _remove(backups)
    return backups


def stored_blobs(db: sqlite3.Connection, person: str) -> list[bytes]:
    """Returns somebody's templates and pictures as they lie in the file."""
    found = db.execute("SELECT template, picture FROM photo WHERE person = ?", (person,))
    return [blob for row in found for blob in row if blob]


def traces(person: Person, stored: Iterable[bytes]) -> list[bytes]:
    """Returns byte strings that would show that somebody was enrolled: words, numbers, and their ciphertext."""
    words = [person.id, person.name, person.note, *(photo.source for photo in person.photos)]
    plain = [photo.embedding.astype("<f4").tobytes() for photo in person.photos]
    pictures = [photo.picture for photo in person.photos if photo.picture]
    whole = (*(word.encode() for word in words), *plain, *pictures, *stored)
    return sorted({piece for trace in whole for piece in _pieces(trace) if len(piece) >= _SHORT})


def _pieces(trace: bytes) -> Iterator[bytes]:
    length, apart = (_PIECE, _PAGE) if len(trace) <= _PAGE else (_LONG_PIECE, _PAGE - _LONG_PIECE)
    for start in range(0, max(len(trace) - length, 0) + 1, apart):
        yield trace[start : start + length]


def search(gallery: Path, db: sqlite3.Connection, person: Person, wanted: Sequence[bytes]) -> list[Path]:
    """Searches the gallery and the files beside it for traces. Returns the files searched; raises GalleryError.

    What somebody else's rows hold too is no trace. A row that SQLite once moved from page to page may have left a copy
    between others, where no erasing reaches: then the file is rewritten, and kept from others meanwhile.
    """
    searched, holding = _look(gallery, db, person, wanted)
    if gallery in holding:
        db.execute("VACUUM")
        searched, holding = _look(gallery, db, person, wanted)
    if holding:
        raise _remains(person.name, holding[0])
    return searched


def _look(
    gallery: Path, db: sqlite3.Connection, person: Person, wanted: Sequence[bytes]
) -> tuple[list[Path], list[Path]]:
    """Returns the files searched, and those of them that hold a trace."""
    others = [file for file in gallery.parent.glob(f"*{gallery.name}*") if file != gallery] + _in_folders(gallery)
    found = {gallery: _unless_unreadable(gallery, raw.find, wanted)}
    found |= {file: _unless_unreadable(file, _find, wanted) for file in others}
    remaining = _without_others(db, person.id, set().union(*found.values()))
    return [gallery, *others], [file for file, pieces in found.items() if pieces & remaining]


def _without_others(db: sqlite3.Connection, person: str, pieces: set[bytes]) -> set[bytes]:
    """Returns the pieces that neither SQLite's own words nor anybody else's rows hold."""
    pieces = {piece for piece in pieces if piece not in _SQLITES_OWN}
    for cell in _cells(db, person):
        if not pieces:
            break
        pieces = {piece for piece in pieces if piece not in cell}
    return pieces


def _cells(db: sqlite3.Connection, but: str) -> Iterator[bytes]:
    """Yields every value in the others' rows, reading a few rows at a time."""
    for table, column in (("person", "id"), ("photo", "person")):
        query = f"SELECT rowid, * FROM {table} WHERE rowid > ? AND {column} <> ? ORDER BY rowid LIMIT {_ROWS}"  # noqa: S608
        last = 0
        while some := db.execute(query, (last, but)).fetchall():
            for row in some:
                yield from map(_bytes, row[1:])
            last = some[-1][0]


def _bytes(cell: object) -> bytes:
    return cell if isinstance(cell, bytes) else str(cell).encode()


def _in_folders(gallery: Path) -> list[Path]:
    return [file for folder in FOLDERS for file in (gallery.parent / folder).rglob("*") if file.is_file()]


def _find(file: Path, wanted: Sequence[bytes]) -> set[bytes]:
    try:
        content = file.read_bytes()
    except FileNotFoundError:  # another process's, and gone again
        return set()
    return {piece for piece in wanted if piece in content or piece in file.name.encode()}


def _unless_unreadable(
    file: Path, find: Callable[[Path, Sequence[bytes]], set[bytes]], wanted: Sequence[bytes]
) -> set[bytes]:
    try:
        return find(file, wanted)
    except OSError as error:
        raise GalleryError(f"erased, but {file} cannot be searched: {error.strerror or error}") from None


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        try:
            private_files.erase(file)
        except OSError as error:
            raise GalleryError(f"{file}: cannot be erased, so nothing is: {error.strerror}") from None


def _remains(name: str, file: Path) -> GalleryError:
    return GalleryError(f"{name}: erased, but a trace remains in {file}; delete that file to be sure")
