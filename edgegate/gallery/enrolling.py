"""Putting people into the gallery's tables."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgegate.errors import GalleryError, UsageError
from edgegate.gallery import rows
from edgegate.gallery.people import Details, Photo
from edgegate.gallery.session import GallerySession

NO_DETAILS = Details()


@dataclass(frozen=True, slots=True)
class Enrollee:
    """Somebody to be enrolled; `apart` is as a Person's, but may hold the others' names instead of their ids."""

    name: str
    photos: Sequence[Photo]
    details: Details = NO_DETAILS
    apart: Mapping[str, float] | None = None


def check(entries: Sequence[Enrollee]) -> None:
    """Raises UsageError unless each has a valid name and at least one photo."""
    for entry in entries:
        _check_name(entry.name)
        if not entry.photos:
            raise UsageError("a person needs a name and at least one photo")


def enrol(now: GallerySession, entries: Sequence[Enrollee], enrolled: str, *, new: bool) -> list[str]:
    """Enrols people, or adds photos to those enrolled unless they must be `new`. Returns their ids."""
    people = [_add(now, entry, enrolled, new=new) for entry in entries]
    for person, entry in zip(people, entries, strict=True):
        _keep_apart(now, person, entry.apart or {})
    return people


def _add(now: GallerySession, entry: Enrollee, enrolled: str, *, new: bool) -> str:
    """Writes one person, or more photos of one unless they must be `new`. Returns their id; raises GalleryError."""
    if new and now.db.execute("SELECT 1 FROM person WHERE name = ?", (entry.name,)).fetchone():
        raise GalleryError(f"{entry.name}: enrolled already")
    now.db.execute(
        "INSERT INTO person (id, name, enrolled) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (secrets.token_hex(8), entry.name, enrolled),
    )
    (person,) = now.db.execute("SELECT id FROM person WHERE name = ?", (entry.name,)).fetchone()
    if now.keys is not None:
        rows.drop_unreadable(now.db, now.keys, person)  # these photos are taken again now
    rows.insert_photos(now.db, now.key, person, entry.photos)
    rows.set_details(now.db, person, entry.details)
    return str(person)


def _keep_apart(now: GallerySession, person: str, apart: Mapping[str, float]) -> None:
    """Writes down the lookalikes, by id or name; a name that is not enrolled, or no longer, is left out."""
    now.db.executemany(
        "INSERT INTO apart SELECT ?1, id, ?3 FROM person WHERE ?2 IN (id, name) AND id <> ?1"
        " ON CONFLICT DO UPDATE SET threshold = excluded.threshold",
        [(person, other, threshold) for other, threshold in apart.items()],
    )


def _check_name(name: str) -> None:
    if not name.strip():
        raise UsageError("a person needs a name and at least one photo")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise UsageError(f"{name!r}: a name is text without control characters")
