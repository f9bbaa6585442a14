"""The journal's SQLite file: how it is made, opened, and what its errors mean."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edgegate.errors import JournalError, UsageError
from edgegate.system import private_files

SCHEMA = 1
"""Kept in the file as `PRAGMA user_version`."""

PATIENCE_SECONDS = 5.0
"""Seconds that another process's transaction is waited for, unless somebody has less time."""

_TABLES = f"""
PRAGMA journal_mode = WAL;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,   -- of the event, seconds since the epoch
    event TEXT NOT NULL,  -- a CloudEvent as one line of JSON
    hash BLOB NOT NULL    -- SHA-256 of the previous row's hash and this row's text
);
CREATE TABLE outbox (seq INTEGER PRIMARY KEY REFERENCES events (seq));  -- not yet acknowledged by the broker
CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN SELECT RAISE (ABORT, 'the journal only grows'); END;
CREATE TRIGGER events_are_final BEFORE UPDATE ON events BEGIN SELECT RAISE (ABORT, 'the journal only grows'); END;
PRAGMA user_version = {SCHEMA};
"""


def create(path: Path) -> None:
    """Make an empty journal at `path`, mode 0600, in a folder of mode 0700, unless there is one already.

    It appears complete or not at all, and when two processes make it at once, one of the two stays.
    """
    if path.exists():
        return
    try:
        private_files.make_folder(path.parent)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as folder:
            draft = Path(folder) / path.name
            os.close(private_files.create(draft, like=path.parent))
            with closing(sqlite3.connect(draft)) as db:
                db.executescript(_TABLES)
            _publish(draft, path)
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"{path}: cannot be created: {error}; see to the folder's owner and free space") from None


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)  # unlike a rename, this never replaces what somebody else has just made
    except FileExistsError:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def connect(
    path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection, patience: float = PATIENCE_SECONDS
) -> sqlite3.Connection:
    """Open an existing journal, for the calling thread alone; every commit is durable when it returns.

    `factory` is the class of the connection, `patience` how many seconds others' transactions are waited for. Raises
    UsageError when there is none, and JournalError when the file is not a journal this version can use.
    """
    if not path.exists():
        raise UsageError(f"{path}: no journal here yet; `edgegate run` starts one")
    with readable_errors(path):
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=patience,
            isolation_level=None,
            factory=factory,
        )
        try:
            db.execute("PRAGMA synchronous = FULL")
            _check_schema(path, db)
        except BaseException:
            db.close()
            raise
    return db


def _check_schema(path: Path, db: sqlite3.Connection) -> None:
    (schema,) = db.execute("PRAGMA user_version").fetchone()
    if schema > SCHEMA:
        raise JournalError(
            f"{path}: written by a newer edgegate (schema {schema}, this one knows {SCHEMA}); update edgegate"
        )
    if schema < SCHEMA:
        raise JournalError(f"{path}: not an edgegate journal; move it away, and a new one is started")


@contextmanager
def transaction(path: Path, db: sqlite3.Connection) -> Iterator[None]:
    """Everything in the block is committed together, or nothing is; other writers wait. Raises JournalError."""
    with readable_errors(path):
        if db.in_transaction:  # its end failed: left open, it would keep the journal shut for good
            db.execute("ROLLBACK")
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:  # SQLite has rolled back by itself after some errors, such as a full disk
                db.execute("ROLLBACK")
            raise


@contextmanager
def readable_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into a JournalError of one line."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a mistake in this program, not in the file
    except sqlite3.Error as error:
        raise JournalError(f"{path}: {_explain(error)}") from None


def _explain(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    for prefix, words in _WORDS.items():
        if name.startswith(prefix):
            return words.format(error=error)
    return f"cannot be used: {error}"


_WORDS = {
    "SQLITE_FULL": "cannot be written: the disk is full; free some space",
    "SQLITE_BUSY": "cannot be used: another process keeps it locked",
    "SQLITE_CORRUPT": "damaged ({error}); move it away as evidence, and a new one is started",
    "SQLITE_NOTADB": "not an edgegate journal, or damaged ({error}); move it away, and a new one is started",
    "SQLITE_READONLY": "cannot be written ({error}); run as the user who owns it",
    "SQLITE_CANTOPEN": "cannot be opened ({error}); run as the user who owns it",
    "SQLITE_PERM": "cannot be opened ({error}); run as the user who owns it",
    "SQLITE_IOERR": "cannot be read or written ({error}); see to the disk and its free space",
}
"""By the beginning of SQLite's name of an error, which may carry a suffix with details."""
