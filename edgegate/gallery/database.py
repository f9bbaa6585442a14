"""The gallery's SQLite file: how it is made and opened, what its errors mean, and its older schema.

A rollback journal, not a write-ahead log: what was erased must be in no second file.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from edgegate.errors import GalleryError
from edgegate.system import private_files

SCHEMA = 2

TABLES = (
    """CREATE TABLE person (
        id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, enrolled TEXT NOT NULL,
        groups TEXT NOT NULL DEFAULT '[]', note TEXT NOT NULL DEFAULT '', valid_from TEXT, valid_until TEXT
    ) STRICT""",
    """CREATE TABLE photo (
        number INTEGER PRIMARY KEY, person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
        key TEXT NOT NULL, template BLOB NOT NULL, picture BLOB,
        quality REAL NOT NULL, embedder TEXT NOT NULL, source TEXT NOT NULL, look TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    "CREATE INDEX photos_of ON photo (person)",
    """CREATE TABLE apart (
        person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
        other TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
        threshold REAL NOT NULL, PRIMARY KEY (person, other)
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    f"PRAGMA user_version = {SCHEMA}",
)

_NOT_THE_FILES_FAULT = (
    "SQLITE_BUSY", "SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_PERM", "SQLITE_READONLY",
)  # fmt: skip


@contextmanager
def opened(path: Path, patience: float) -> Iterator[sqlite3.Connection]:
    """Opens an existing gallery, in no transaction yet; SQLite's errors in the block become one-line GalleryErrors."""
    try:
        uri = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None)) as db:
            for pragma in ("secure_delete = ON", "foreign_keys = ON", "synchronous = FULL"):
                db.execute(f"PRAGMA {pragma}")
            yield db
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if getattr(error, "sqlite_errorname", "").startswith(_NOT_THE_FILES_FAULT):
            raise GalleryError(f"{path}: cannot be used: {error}") from None
        raise GalleryError(
            f"{path}: the gallery is damaged or unreadable ({' '.join(str(error).split())}); "
            "restore a backup, or move it away and enrol again"
        ) from None


@contextmanager
def transaction(db: sqlite3.Connection, kind: str) -> Iterator[None]:
    """Runs the block, all or nothing: DEFERRED reads all tables as of one moment, IMMEDIATE keeps other writers out."""
    db.execute(f"BEGIN {kind}")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # SQLite has rolled back by itself after some errors, such as a full disk
            db.execute("ROLLBACK")
        raise


def make(path: Path) -> None:
    """Makes an empty file, readable by its owner only, unless there is one. Raises GalleryError."""
    try:
        private_files.make_folder(path.parent)
        with suppress(FileExistsError):
            os.close(private_files.create(path))
    except OSError as error:
        raise GalleryError(
            f"{path}: cannot be created: {error.strerror}; see to the folder's owner and free space"
        ) from None


def schema_of(path: Path, db: sqlite3.Connection) -> int:
    """Returns the schema's number, 0 for an empty file; raises GalleryError for a newer one than SCHEMA."""
    (schema,) = db.execute("PRAGMA user_version").fetchone()
    if schema > SCHEMA:
        raise GalleryError(
            f"{path}: made by a newer edgegate (schema {schema}, this one knows {SCHEMA}); update edgegate"
        )
    return int(schema)


def create(db: sqlite3.Connection) -> None:
    """Creates the tables of this schema, in the transaction that is open."""
    for statement in TABLES:
        db.execute(statement)


def check(db: sqlite3.Connection) -> None:
    """Raises sqlite3.DatabaseError unless every page, row and type is as it was written.

    It reads the whole file under one lock: for somebody who asked for it, and not for a door.
    """
    _demand_ok(db.execute("PRAGMA quick_check(1)"))


def check_small(db: sqlite3.Connection) -> None:
    """Checks every table but the photos', whose rows are each checked as they are read."""
    for table in ("person", "apart", "setting"):
        _demand_ok(db.execute(f"PRAGMA quick_check({table})"))


def _demand_ok(found: sqlite3.Cursor) -> None:
    (state,) = found.fetchone()
    if state != "ok":
        raise sqlite3.DatabaseError(state)


def let_shrink(db: sqlite3.Connection) -> None:
    """Has free pages given back in small steps (`give_back`), from the first table or VACUUM on."""
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")


def give_back(db: sqlite3.Connection, pages: int) -> bool:
    """Gives up to `pages` free pages back to the file system, in a transaction of its own; True if there are more.

    A file that was made before this version keeps its free pages, zeroed, and uses them again.
    """
    before = _free(db)
    if before:
        db.executescript(f"PRAGMA incremental_vacuum({pages})")  # `execute` does not see it through
    return 0 < _free(db) < before


def _free(db: sqlite3.Connection) -> int:
    (count,) = db.execute("PRAGMA freelist_count").fetchone()
    return int(count)
