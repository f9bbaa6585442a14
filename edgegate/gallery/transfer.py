"""The content of an export: people between doors, checked as coming from outside, signed or not."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from annotated_types import Len
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgegate.errors import GalleryError, UsageError
from edgegate.gallery.enrolling import Enrollee, check
from edgegate.gallery.people import Details, Person, Photo

_MANY = 100_000


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Photo(_Part):
    embedding: str
    quality: float = Field(ge=0, le=1)
    embedder: str = Field(pattern=r"^[0-9a-f]{64}$")
    source: str
    look: str
    picture: str | None


class _Person(_Part):
    name: str
    groups: list[str]
    note: str
    valid_from: str | None
    valid_until: str | None
    apart: dict[str, float]
    photos: Annotated[list[_Photo], Len(1, 1000)]


class _People(_Part):
    version: Literal[1] = 1
    people: Annotated[list[_Person], Len(1, _MANY)]


def dump(people: Sequence[Person]) -> bytes:
    """Returns people as JSON, without ids: another door gives its own, so that journals cannot be joined by them."""
    names = {person.id: person.name for person in people}
    return _People(people=[_dump(person, names) for person in people]).model_dump_json().encode()


def load(content: bytes) -> list[Enrollee]:
    """Reads the JSON of `dump` into people to enrol; their lookalikes are given by name. Raises GalleryError."""
    try:
        people = _People.model_validate_json(content).people
        entries = [_load(person) for person in people]
        check(entries)
    except (ValidationError, ValueError, UsageError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        where = ".".join(map(str, first["loc"])) or "content"
        raise GalleryError(f"its {where} is not as it must be ({first['msg']}); nothing was imported") from None
    if len({entry.name for entry in entries}) < len(entries):
        raise GalleryError("it names two people the same; nothing was imported")
    return entries


def _dump(person: Person, names: dict[str, str]) -> _Person:
    return _Person(
        name=person.name,
        groups=list(person.groups),
        note=person.note,
        valid_from=person.valid_from,
        valid_until=person.valid_until,
        apart={names[other]: threshold for other, threshold in person.apart.items() if other in names},
        photos=[
            _Photo(
                embedding=base64.b64encode(photo.embedding.astype("<f4").tobytes()).decode(),
                quality=photo.quality,
                embedder=photo.embedder,
                source=photo.source,
                look=photo.look,
                picture=None if photo.picture is None else base64.b64encode(photo.picture).decode(),
            )
            for photo in person.photos
        ],
    )


def _load(person: _Person) -> Enrollee:
    details = Details(tuple(person.groups), person.note, person.valid_from or "", person.valid_until or "")
    return Enrollee(person.name, [_load_photo(photo) for photo in person.photos], details, person.apart)


def _load_photo(photo: _Photo) -> Photo:
    embedding = np.frombuffer(base64.b64decode(photo.embedding, validate=True), dtype="<f4")
    if not abs(float(np.linalg.norm(embedding.astype(np.float64))) - 1) <= 1e-3:  # not a number is no length either
        raise ValueError("an embedding is not of length 1")
    picture = None if photo.picture is None else base64.b64decode(photo.picture, validate=True)
    return Photo(embedding, photo.quality, photo.embedder, photo.source, photo.look, picture)
