"""One reading or writing of the gallery file, with the keys that are there, in this schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgegate.errors import KeyFileError
from edgegate.gallery import database, migration, rows
from edgegate.gallery.keys import Key, Keys


@dataclass(frozen=True, slots=True)
class GallerySession:
    """The open file; `key` is what is to be written with, `keys` what can be read with. None: plainly."""

    db: sqlite3.Connection
    keys: Mapping[str, Key] | None
    key: Key | None = None


@contextmanager
def reading(path: Path, patience: float, keys: Keys | None) -> Iterator[GallerySession]:
    """The file, in no transaction yet: see `snapshot`. Keys that are refused are as good as lost.

    A file of the first schema is read through a copy in memory: it is carried over when it is written to.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
        if not path.exists():
            database.create(memory)
            yield GallerySession(memory, None)
            return
        with database.opened(path, patience) as db:
            with database.transaction(db, "DEFERRED"):
                schema = database.schema_of(path, db)
                if schema == 1:
                    database.check(db)
                    memory.deserialize(db.serialize())
            if schema == database.SCHEMA:
                yield GallerySession(db, None if keys is None else _readable(keys))
                return
            if schema == 0:
                database.create(memory)
            else:
                migration.upgrade(memory, None)
            yield GallerySession(memory, None)


@contextmanager
def writing(path: Path, patience: float, keys: Keys | None) -> Iterator[GallerySession]:
    """One transaction, committed if the block ends well. With keys, new ones can be made and old ones are needed."""
    with _transaction(path, patience, keys) as session:
        if keys is None:
            yield session
        else:
            yield GallerySession(session.db, keys.load(), _key_in_use(session.db, keys))


@contextmanager
def keyless(path: Path, patience: float, keys: Keys | None) -> Iterator[GallerySession]:
    """One transaction that encrypts nothing new, and so can be had without a key, too."""
    with _transaction(path, patience, keys) as session:
        yield session


@contextmanager
def _transaction(path: Path, patience: float, keys: Keys | None) -> Iterator[GallerySession]:
    """A file of the first schema is carried over first; of what was plain, nothing is left after."""
    database.make(path)
    with database.opened(path, patience) as db:
        if database.schema_of(path, db) < database.SCHEMA:
            database.let_shrink(db)
        with database.transaction(db, "IMMEDIATE"):
            schema = database.schema_of(path, db)
            if schema == 0:
                database.create(db)
            elif schema == 1:
                _carry_over(path, db, keys)
            yield GallerySession(db, None)
        if schema == 1:
            db.execute("VACUUM")


def _carry_over(path: Path, db: sqlite3.Connection, keys: Keys | None) -> None:
    database.check(db)
    key = None if keys is None else keys.primary() or keys.make()
    migration.back_up(path, db, key)
    migration.upgrade(db, key)
    if key is not None:
        rows.write_with(db, key)


def _readable(keys: Keys) -> dict[str, Key]:
    try:
        return keys.load()
    except KeyFileError:
        return {}


def _key_in_use(db: sqlite3.Connection, keys: Keys) -> Key:
    """What this gallery is written with, made now if this is its first enrolment; raises KeyFileError if lost."""
    known, there = rows.writes_with(db), keys.load()
    if known in there:
        return there[str(known)]
    if known is not None and rows.written_with(db, known):
        raise KeyFileError(
            f"{keys.path}: the key of this gallery is lost, so nobody can be enrolled beside those there are: "
            "restore it from a backup; or, by choice, `edgegate people rotate-key --lost`"
        )
    key = keys.primary() or keys.make()
    rows.write_with(db, key)
    return key
