"""Reading the gallery's tables: as of one moment, and yet a few rows at a time.

A reader keeps a writer waiting, and a waiting writer keeps other readers out. Where pictures are kept the file has
hundreds of megabytes, which take seconds to read from a Raspberry Pi's card. So the file is let go after every few
rows; when it was changed in between, reading starts again. Decryption comes last, while nobody waits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from edgegate.gallery import database, rows
from edgegate.gallery.keys import Key
from edgegate.gallery.people import Person

ROWS = 16
"""Photos read at a time: a megabyte, with pictures as they are kept."""

ATTEMPTS = 3
"""Attempts after which a file that changes all the time is read in one go: then a writer waits, once."""

_FIRST = -(2**63)


class _ChangedError(Exception):
    """Another process wrote between two readings."""


def read_people(db: sqlite3.Connection, keys: Mapping[str, Key] | None, *, pictures: bool) -> tuple[Person, ...]:
    """Returns everybody, by name. Raises sqlite3.DatabaseError for rows that this program did not write so."""
    for _ in range(ATTEMPTS):
        with suppress(_ChangedError):
            people, photos = _read(db, ROWS, pictures=pictures)
            return rows.with_photos(people, photos, keys)
    with database.transaction(db, "DEFERRED"):
        people, photos = _read(db, -1, pictures=pictures)
    return rows.with_photos(people, photos, keys)


def read_person(
    db: sqlite3.Connection, keys: Mapping[str, Key] | None, name: str, *, pictures: bool
) -> tuple[Person, ...]:
    """Returns the person of that name, if any, reading nobody else's rows; raises as `read_people` does."""
    with database.transaction(db, "DEFERRED"):
        people = rows.read_bare(db, name)
        query = rows.select_photos("person = ?", pictures=pictures)
        photos = [row for person in people for row in db.execute(query, (person.id,))]
    return rows.with_photos(people, photos, keys)


def _read(db: sqlite3.Connection, count: int, *, pictures: bool) -> tuple[tuple[Person, ...], list[rows.Row]]:
    """Returns people and photos' rows, read `count` at a time (-1: all); raises _ChangedError."""
    query = rows.select_photos("number > ?", pictures=pictures) + " LIMIT ?"
    with _moment(db) as version:
        database.check_small(db)
        people = rows.read_bare(db)
    found: list[rows.Row] = []
    last = _FIRST
    while True:
        with _moment(db, version):
            some = db.execute(query, (last, count)).fetchall()
        found += some
        if not some or count < 0:
            return people, found
        last = some[-1][0]


@contextmanager
def _moment(db: sqlite3.Connection, before: int | None = None) -> Iterator[int]:
    """Opens a transaction, unless one is open; raises _ChangedError where others wrote since version `before`."""
    if db.in_transaction:
        yield 0
        return
    with database.transaction(db, "DEFERRED"):
        (version,) = db.execute("PRAGMA data_version").fetchone()
        if before not in (None, version):
            raise _ChangedError
        yield version
