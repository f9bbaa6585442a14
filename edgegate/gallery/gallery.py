"""The gallery file: written by any process (`edgegate enroll` while the daemon runs), erased from for good.

It keeps templates: an embedding cannot be turned back into the picture, but it is biometric data all the same.
"""

from __future__ import annotations

import json
import math
import secrets
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from edgegate.errors import GalleryError, UsageError
from edgegate.gallery import migration
from edgegate.gallery.database import TABLES, check, make, opened, schema_of, transaction
from edgegate.gallery.people import Details, Person, Photo
from edgegate.types import Embedding

_SQLITES_OWN = "".join(TABLES).encode() + b"SQLite format 3 table index sqlite_autoindex_person_1"
"""Words in the file that are about nobody."""

Record = Callable[[str], object]


def _nothing(_person: str) -> None:
    """What is recorded where nobody asks."""


class Gallery:
    """The gallery file at `path`; it is made on the first writing. Raises GalleryError when it is damaged.

    Another process that is writing is waited for up to `patience` seconds.
    """

    def __init__(self, path: Path, patience: float = 5.0, key: None = None) -> None:
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
        with self._reading() as db:
            photos: dict[str, list[Photo]] = {}
            for person, blob, *rest in db.execute(
                "SELECT person, template, quality, embedder, source, look, picture FROM photo ORDER BY number"
            ):
                photos.setdefault(person, []).append(Photo(_embedding(blob), *rest))
            apart: dict[str, dict[str, float]] = {}
            for person, other, threshold in db.execute("SELECT person, other, threshold FROM apart"):
                apart.setdefault(person, {})[other] = threshold
            rows = db.execute(
                "SELECT id, name, enrolled, groups, note, valid_from, valid_until FROM person ORDER BY name"
            ).fetchall()
        return tuple(
            Person(i, name, enrolled, tuple(photos.get(i, ())), tuple(json.loads(groups)), *rest, apart.get(i, {}))
            for i, name, enrolled, groups, *rest in rows
        )

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
        with opened(self.path, self._patience) as db:
            if schema_of(self.path, db) == 0:
                return None
            row = db.execute("SELECT name FROM person WHERE id = ?", (person,)).fetchone()
        return None if row is None else str(row[0])

    def add(
        self,
        name: str,
        photos: Sequence[Photo],
        enrolled: str,
        record: Record = _nothing,
        details: Details = Details(),  # noqa: B008 (frozen)
        apart: Mapping[str, float] = {},  # noqa: B006 (never changed)
    ) -> Person:
        """Enrol somebody, or add photos to somebody enrolled: all of them or none.

        `record` is called with the person's id before anything is committed; if it raises, nothing is.
        """
        _check_name(name)
        if not photos:
            raise UsageError("a person needs a name and at least one photo")
        with self._writing() as db:
            db.execute(
                "INSERT INTO person (id, name, enrolled) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (secrets.token_hex(8), name, enrolled),
            )
            (person,) = db.execute("SELECT id FROM person WHERE name = ?", (name,)).fetchone()
            db.executemany(
                "INSERT INTO photo (person, key, template, quality, embedder, source, look, picture)"
                " VALUES (?, '', ?, ?, ?, ?, ?, ?)",
                [(person, _bytes_of(p), p.quality, p.embedder, p.source, p.look, p.picture) for p in photos],
            )
            db.executemany(
                "INSERT INTO apart VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET threshold = excluded.threshold",
                [(person, other, threshold) for other, threshold in apart.items()],
            )
            _set_details(db, person, details)
            record(person)
        return self.find(name)

    def change(self, name: str, details: Details, record: Record = _nothing) -> Person:
        """Change what is said of somebody enrolled, not their photos."""
        person = self.find(name)
        with self._writing() as db:
            _set_details(db, person.id, details)
            record(person.id)
        return self.find(name)

    def forget(self, name: str) -> Person:
        """Erase somebody and overwrite what was stored; raises GalleryError if a trace of it remains."""
        person = self.find(name)
        with self._writing() as db:
            db.execute("DELETE FROM person WHERE id = ?", (person.id,))
        with opened(self.path, self._patience) as db:
            db.execute("VACUUM")
            content = db.serialize()
        kept = _SQLITES_OWN + b"".join(_stored(other) for other in self.people())
        traces = [person.id.encode(), name.encode(), *map(_bytes_of, person.photos)]
        if any(trace in content and trace not in kept for trace in traces if len(trace) > 1):  # one letter is anywhere
            raise GalleryError(f"{name}: erased, but a trace remains in {self.path}; delete that file to be sure")
        return person

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Every table as of one moment, in this schema; a file of the first one is read through a copy in memory."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
            if not self.path.exists():
                _create(memory)
                yield memory
                return
            with opened(self.path, self._patience) as db, transaction(db, "DEFERRED"):
                schema = schema_of(self.path, db)
                if schema == 2:
                    check(db)
                    yield db
                    return
                if schema == 1:
                    check(db)
                    memory.deserialize(db.serialize())
                    migration.upgrade(memory)
                else:
                    _create(memory)
                yield memory

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, committed if the block ends well; a file of the first schema is carried over first."""
        make(self.path)
        with opened(self.path, self._patience) as db, transaction(db, "IMMEDIATE"):
            schema = schema_of(self.path, db)
            if schema == 0:
                _create(db)
            elif schema == 1:
                check(db)
                migration.back_up(self.path, db)
                migration.upgrade(db)
            yield db


def _create(db: sqlite3.Connection) -> None:
    for statement in TABLES:
        db.execute(statement)


def _check_name(name: str) -> None:
    if not name.strip():
        raise UsageError("a person needs a name and at least one photo")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise UsageError(f"{name!r}: a name is text without control characters")


def _set_details(db: sqlite3.Connection, person: str, details: Details) -> None:
    values = {
        "groups": None if details.groups is None else json.dumps(details.groups, ensure_ascii=False),
        "note": details.note,
        "valid_from": details.valid_from,
        "valid_until": details.valid_until,
    }
    for column, value in values.items():
        if value is not None:
            none = column.startswith("valid") and not value
            db.execute(f"UPDATE person SET {column} = ? WHERE id = ?", (None if none else value, person))  # noqa: S608


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
