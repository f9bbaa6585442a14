"""The people who are enrolled, and whose face an embedding is.

One SQLite file, written by any process (`edgegate enroll` while the daemon runs); readers notice a change by its
version. It keeps templates, not photos: an embedding cannot be turned back into the picture, but it is biometric
data all the same, so the file is readable by its owner only, and erasing overwrites.
"""

from __future__ import annotations

import math
import os
import secrets
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgegate.embedding import pool
from edgegate.errors import GalleryError, UsageError
from edgegate.types import Embedding

SCHEMA = 1
MAX_PHOTOS = 5
"""Templates pool a person's best photos, at most this many: the largest count the thresholds are measured for."""

_TABLES = """
CREATE TABLE IF NOT EXISTS person (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, enrolled TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS photo (
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    embedding BLOB NOT NULL, quality REAL NOT NULL, embedder TEXT NOT NULL, source TEXT NOT NULL
) STRICT;
"""


_SQLITES_OWN = _TABLES.encode() + b"SQLite format 3 table index sqlite_autoindex_person_1"
"""Words in the file that are about nobody."""

_NOT_THE_FILES_FAULT = (
    "SQLITE_BUSY", "SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_PERM", "SQLITE_READONLY",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Photo:
    """One accepted photo: its embedding, its quality weight 0…1, and the sha256 of the embedder that made it."""

    embedding: Embedding
    quality: float
    embedder: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody enrolled. `enrolled` is RFC 3339; `id` is opaque, and all the journal ever keeps of them."""

    id: str
    name: str
    enrolled: str
    photos: tuple[Photo, ...]

    def best(self) -> list[Photo]:
        return sorted(self.photos, key=lambda photo: -photo.quality)[:MAX_PHOTOS]

    def template(self) -> Embedding:
        """The mean of the best photos by quality, of length 1."""
        return pool((photo.embedding, photo.quality) for photo in self.best())


class Enrolled:
    """People who are enrolled nowhere but here, for measuring."""

    def __init__(self, people: tuple[Person, ...]) -> None:
        self._people = people

    def version(self) -> int:
        return 1

    def people(self) -> tuple[Person, ...]:
        return self._people


class Gallery:
    """The gallery file at `path`; it is made on the first writing. Raises GalleryError when it is damaged.

    Another process that is writing is waited for up to `patience` seconds.
    """

    def __init__(self, path: Path, patience: float = 5.0) -> None:
        self.path = path
        self._patience = patience

    def version(self) -> tuple[int, ...] | None:
        """Something that differs after every change by any process; cheap enough to ask every second."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def people(self) -> tuple[Person, ...]:
        """Everybody, by name."""
        if not self.path.exists():
            return ()
        with self._open() as db:
            db.execute("BEGIN")  # both tables as of one moment
            _check(db)
            photos: dict[str, list[Photo]] = {}
            for person, blob, *rest in db.execute(
                "SELECT person, embedding, quality, embedder, source FROM photo ORDER BY rowid"
            ):
                photos.setdefault(person, []).append(Photo(_embedding(blob), *rest))
            rows = db.execute("SELECT id, name, enrolled FROM person ORDER BY name").fetchall()
        return tuple(Person(i, name, enrolled, tuple(photos.get(i, ()))) for i, name, enrolled in rows)

    def find(self, name: str) -> Person:
        """The person of that name; raises GalleryError naming those there are when there is none."""
        people = self.people()
        for person in people:
            if person.name == name:
                return person
        known = ", ".join(person.name for person in people[:10]) or "nobody"
        raise GalleryError(f"{name}: not enrolled; enrolled: {known}")

    def name_of(self, person: str) -> str | None:
        """The name behind an opaque id; None for somebody who was forgotten."""
        if not self.path.exists():
            return None
        with self._open() as db:
            row = db.execute("SELECT name FROM person WHERE id = ?", (person,)).fetchone()
        return None if row is None else str(row[0])

    def add(
        self, name: str, photos: Sequence[Photo], enrolled: str, record: Callable[[str], object] = lambda _: None
    ) -> Person:
        """Enrol somebody, or add photos to somebody enrolled: all of them or none.

        `record` is called with the person's id before anything is committed; if it raises, nothing is.
        """
        if not name.strip() or not photos:
            raise UsageError("a person needs a name and at least one photo")
        if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
            raise UsageError(f"{name!r}: a name is text without control characters")
        with self._open() as db:
            db.execute(
                "INSERT INTO person VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (secrets.token_hex(8), name, enrolled)
            )
            (person,) = db.execute("SELECT id FROM person WHERE name = ?", (name,)).fetchone()
            db.executemany(
                "INSERT INTO photo VALUES (?, ?, ?, ?, ?)",
                [(person, _bytes_of(photo), photo.quality, photo.embedder, photo.source) for photo in photos],
            )
            record(person)
        return self.find(name)

    def forget(self, name: str) -> Person:
        """Erase somebody and overwrite what was stored; raises GalleryError if a trace of it remains."""
        person = self.find(name)
        with self._open() as db:
            db.execute("DELETE FROM person WHERE id = ?", (person.id,))
        with self._open() as db:
            db.isolation_level = None
            db.execute("VACUUM")
        content = self.path.read_bytes()
        kept = _SQLITES_OWN + b"".join(_stored(other) for other in self.people())
        traces = [person.id.encode(), name.encode(), *map(_bytes_of, person.photos)]
        if any(trace in content and trace not in kept for trace in traces if len(trace) > 1):  # one letter is anywhere
            raise GalleryError(f"{name}: erased, but a trace remains in {self.path}; delete that file to be sure")
        return person

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one transaction, committed if the block ends well."""
        try:
            self._make()
            with closing(sqlite3.connect(self.path, timeout=self._patience)) as db:
                db.executescript("PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL")
                self._migrate(db)
                with db:
                    yield db
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if getattr(error, "sqlite_errorname", "").startswith(_NOT_THE_FILES_FAULT):
                raise GalleryError(f"{self.path}: cannot be used: {error}") from None
            raise GalleryError(
                f"{self.path}: the gallery is damaged or unreadable ({' '.join(str(error).split())}); "
                "restore a backup, or move it away and enrol again"
            ) from None

    def _make(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError as error:
            raise GalleryError(
                f"{self.path}: cannot be created: {error.strerror}; see to the folder's owner and free space"
            ) from None

    def _migrate(self, db: sqlite3.Connection) -> None:
        (schema,) = db.execute("PRAGMA user_version").fetchone()
        if schema == 0:  # perhaps for another process too, at the same moment
            db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {SCHEMA}; COMMIT")
        elif schema != SCHEMA:
            raise GalleryError(
                f"{self.path}: made by a newer edgegate (schema {schema}, this one knows {SCHEMA}); update edgegate"
            )


def _check(db: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError unless every page, row and type is as it was written."""
    (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        raise sqlite3.DatabaseError(state)


def _embedding(blob: bytes) -> Embedding:
    """What `_bytes_of` stored; raises sqlite3.DatabaseError if it is no unit vector any more."""
    values = np.frombuffer(blob[: len(blob) // 4 * 4], dtype="<f4")
    if not math.isclose(math.hypot(*values.tolist()), 1.0, rel_tol=1e-3):
        raise sqlite3.DatabaseError("a template has changed")
    return values


def _bytes_of(photo: Photo) -> bytes:
    return photo.embedding.astype("<f4").tobytes()


def _stored(person: Person) -> bytes:
    """What the file holds of a person, one thing after the other."""
    texts = [person.id, person.name, person.enrolled, *(p.embedder + p.source for p in person.photos)]
    return "".join(texts).encode() + b"".join(map(_bytes_of, person.photos))
