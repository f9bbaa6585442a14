"""The rows of a person in the gallery's tables, and their encryption.

Each template and each picture is encrypted by itself, and bound to the person, the row and everything the row says
in the clear: a template put under somebody else's name, or given another quality, can no longer be opened.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from edgegate.errors import UsageError
from edgegate.gallery.keys import Key
from edgegate.gallery.people import Details, Person, Photo
from edgegate.types import Embedding

PLAIN = ""
"""The key column of what is not encrypted: in a gallery opened without keys, for measuring and testing."""

_COLUMNS = "number, person, key, template, quality, embedder, source, look"

_TYPES = (int, str, str, bytes, float, str, str, str)
"""The types of these columns in the schema: a row of a damaged file may have others."""

Row = tuple[Any, ...]
"""A photo as it lies in the file: these columns, and the picture, or None where it was not asked for."""


def select_photos(condition: str, *, pictures: bool) -> str:
    """Returns the query for photos' rows in their order; pictures, which may be large, only if asked for."""
    picture = "picture" if pictures else "NULL"
    return f"SELECT {_COLUMNS}, {picture} FROM photo WHERE {condition} ORDER BY number"  # noqa: S608


def read_bare(db: sqlite3.Connection, name: str | None = None) -> tuple[Person, ...]:
    """Returns everybody, by name, or the one person called `name`; without their photos."""
    apart: dict[str, dict[str, float]] = {}
    for person, other, threshold in db.execute("SELECT person, other, threshold FROM apart"):
        apart.setdefault(person, {})[other] = threshold
    return tuple(
        Person(who, called, enrolled, (), _groups(groups), note, begin, end, apart.get(who, {}))
        for who, called, enrolled, groups, note, begin, end in db.execute(
            "SELECT id, name, enrolled, groups, note, valid_from, valid_until FROM person"
            " WHERE ?1 IS NULL OR name = ?1 ORDER BY name",
            (name,),
        )
    )


def with_photos(people: Sequence[Person], found: Iterable[Row], keys: Mapping[str, Key] | None) -> tuple[Person, ...]:
    """Returns people with their photos, decrypted; raises sqlite3.DatabaseError for rows that have changed."""
    photos: dict[str, list[Photo]] = {}
    unreadable: dict[str, int] = {}
    for row in found:
        if not all(map(isinstance, row, _TYPES)):
            raise sqlite3.DatabaseError("a photo's row has changed")
        person, photo = row[1], _photo(row, keys)
        if photo is None:
            unreadable[person] = unreadable.get(person, 0) + 1
        else:
            photos.setdefault(person, []).append(photo)
    return tuple(
        replace(person, photos=tuple(photos.get(person.id, ())), unreadable=unreadable.get(person.id, 0))
        for person in people
    )


def _photo(row: Row, keys: Mapping[str, Key] | None) -> Photo | None:
    """Returns the photo of a row, decrypted; None for one whose key is lost."""
    number, person, key, template, quality, embedder, source, look, picture = row
    if not _readable(key, keys):
        return None
    about = (number, person, quality, embedder, source, look)
    blob = _open(keys, key, template, "template", *about)
    embedding = plain_embedding(blob) if key == PLAIN else _values(blob)
    shown = None if picture is None else _open(keys, key, picture, "picture", *about)
    return Photo(embedding, quality, embedder, source, look, shown)


def insert_photos(db: sqlite3.Connection, key: Key | None, person: str, photos: Sequence[Photo]) -> None:
    """Adds photos to somebody, encrypted with `key`, or plainly without one."""
    (last,) = db.execute("SELECT coalesce(max(number), 0) FROM photo").fetchone()
    for number, photo in enumerate(photos, last + 1):
        source = photo.source.encode(errors="replace").decode()  # a file's name need not be text
        said = (float(photo.quality), photo.embedder, source, photo.look)
        about = (number, person, *said)
        template = _seal(key, photo.embedding.astype("<f4").tobytes(), "template", *about)
        picture = None if photo.picture is None else _seal(key, photo.picture, "picture", *about)
        db.execute(
            f"INSERT INTO photo ({_COLUMNS}, picture) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (number, person, key.id if key else PLAIN, template, *said, picture),
        )


def drop_unreadable(db: sqlite3.Connection, keys: Mapping[str, Key], person: str) -> None:
    """Deletes somebody's photos whose keys are lost."""
    for (key,) in db.execute("SELECT DISTINCT key FROM photo WHERE person = ?", (person,)).fetchall():
        if not _readable(key, keys):
            db.execute("DELETE FROM photo WHERE person = ? AND key = ?", (person, key))


def drop_pictured(db: sqlite3.Connection, person: str, embedder: str) -> None:
    """Deletes somebody's photos whose pictures were kept, except those that `embedder` made."""
    db.execute("DELETE FROM photo WHERE person = ? AND embedder <> ? AND picture IS NOT NULL", (person, embedder))


def reencrypt(db: sqlite3.Connection, keys: Mapping[str, Key], new: Key) -> int:
    """Re-encrypts every readable photo with `new`. Returns how many."""
    rows = db.execute("SELECT number, key FROM photo").fetchall()
    readable = [number for number, key in rows if key in keys and key != new.id]
    for number in readable:
        row = db.execute(f"SELECT {_COLUMNS}, picture FROM photo WHERE number = ?", (number,)).fetchone()  # noqa: S608
        _, person, key, template, *said, picture = row
        about = (number, person, *said)
        template = _seal(new, _open(keys, key, template, "template", *about), "template", *about)
        if picture is not None:
            picture = _seal(new, _open(keys, key, picture, "picture", *about), "picture", *about)
        db.execute(
            "UPDATE photo SET key = ?, template = ?, picture = ? WHERE number = ?", (new.id, template, picture, number)
        )
    return len(readable)


def writes_with(db: sqlite3.Connection) -> str | None:
    """Returns the id of the key that the gallery is written with; None as long as there is none."""
    row = db.execute("SELECT value FROM setting WHERE name = 'key'").fetchone()
    return None if row is None else str(row[0])


def write_with(db: sqlite3.Connection, key: Key) -> None:
    db.execute("INSERT INTO setting VALUES ('key', ?) ON CONFLICT DO UPDATE SET value = excluded.value", (key.id,))


def written_with(db: sqlite3.Connection, key: str) -> int:
    """Returns the number of photos that a key has written."""
    (count,) = db.execute("SELECT count(*) FROM photo WHERE key = ?", (key,)).fetchone()
    return int(count)


def set_details(db: sqlite3.Connection, person: str, details: Details) -> None:
    """Stores details; raises UsageError for what is no moment, or an end that is not after its beginning."""
    values = {
        "groups": None if details.groups is None else json.dumps(details.groups, ensure_ascii=False),
        "note": details.note,
        "valid_from": details.valid_from,
        "valid_until": details.valid_until,
    }
    for column, value in values.items():
        if value is not None:
            stored = None if column.startswith("valid") and not value else value
            db.execute(f"UPDATE person SET {column} = ? WHERE id = ?", (stored, person))  # noqa: S608
    limits = db.execute("SELECT valid_from, valid_until FROM person WHERE id = ?", (person,)).fetchone()
    begin, end = (None if text is None else _moment(text) for text in limits)
    if begin is not None and end is not None and begin >= end:
        raise UsageError(f"valid from {limits[0]} until {limits[1]}: the end must come after the beginning")


def _readable(key: str, keys: Mapping[str, Key] | None) -> bool:
    return key == PLAIN if keys is None else key in keys


def _about(what: str, number: int, person: str, quality: float, embedder: str, source: str, look: str) -> bytes:
    """Returns the associated data that a ciphertext is bound to. The lengths make it unambiguous."""
    lengths = f"{len(person)} {len(embedder)} {len(source)}"
    return f"edgegate gallery 2 {what} {number} {quality!r} {lengths}\n{person}{embedder}{source}{look}".encode()


def _seal(key: Key | None, plain: bytes, *about: Any) -> bytes:
    return plain if key is None else key.seal(plain, _about(*about))


def _open(keys: Mapping[str, Key] | None, key: str, blob: bytes, *about: Any) -> bytes:
    if key == PLAIN:
        return blob
    assert keys is not None
    try:
        return keys[key].open(blob, _about(*about))
    except ValueError as error:
        raise sqlite3.DatabaseError(f"a template: {error}") from None


def plain_embedding(blob: bytes) -> Embedding:
    """Returns an embedding that was not encrypted; raises sqlite3.DatabaseError if it is no unit vector any more."""
    values = _values(blob)
    if not math.isclose(math.hypot(*values.tolist()), 1.0, rel_tol=1e-3):
        raise sqlite3.DatabaseError("a template has changed")
    return values


def _values(blob: bytes) -> Embedding:
    return np.frombuffer(blob[: len(blob) // 4 * 4], dtype="<f4")


def _groups(text: str) -> tuple[str, ...]:
    try:
        return tuple(str(group) for group in json.loads(text)) if text != "[]" else ()
    except (ValueError, TypeError):
        raise sqlite3.DatabaseError("somebody's groups have changed") from None


def _moment(text: str) -> datetime:
    """Reads an RFC 3339 moment; raises UsageError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"{text}: not a moment with its zone, such as 2026-01-31T08:00:00Z")
    return moment
