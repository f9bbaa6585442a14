"""One session of reading or writing the gallery file, with the keys there are, in this schema."""

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
    """The open file; `key` is the one to write with, `keys` those to read with. None: plainly."""

    db: sqlite3.Connection
    keys: Mapping[str, Key] | None
    key: Key | None = None


@contextmanager
def reading(path: Path, patience: float, keys: Keys | None) -> Iterator[GallerySession]:
    """Opens the file to read, in no transaction yet: see `snapshot`. Keys that are refused count as lost.

    A file of the first schema is read through a copy in memory: it is migrated when it is written to.
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
    """Opens one transaction, committed if the block ends well. With keys, one can be made and old ones are needed."""
    with _transaction(path, patience, keys) as session:
        if keys is None:
            yield session
        else:
            yield GallerySession(session.db, keys.load(), _key_in_use(session.db, keys))


@contextmanager
def without_key(path: Path, patience: float, keys: Keys | None) -> Iterator[GallerySession]:
    """Opens one transaction that encrypts nothing new, and so needs no key."""
    with _transaction(path, patience, keys) as session:
        yield session


@contextmanager
def _transaction(path: Path, patience: float, keys: Keys | None) -> Iterator[GallerySession]:
    """Opens a transaction. A file of the first schema is migrated first; nothing plain is left of it after."""
    database.make(path)
    with database.opened(path, patience) as db:
        if database.schema_of(path, db) < database.SCHEMA:
            database.let_shrink(db)
        with database.transaction(db, "IMMEDIATE"):
            schema = database.schema_of(path, db)
            if schema == 0:
                database.create(db)
            elif schema == 1:
                _migrate(path, db, keys)
            yield GallerySession(db, None)
        if schema == 1:
            db.execute("VACUUM")


def _migrate(path: Path, db: sqlite3.Connection, keys: Keys | None) -> None:
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
    """Returns the key this gallery is written with, made at its first enrolment; raises KeyFileError if lost."""
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
