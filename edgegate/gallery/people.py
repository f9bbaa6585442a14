"""Who is enrolled: a person, their photos, and the template that each of their looks is recognised by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgegate.types import Embedding
from edgegate.vision.pooling import pool

MAX_PHOTOS = 5
"""A template pools the best photos of a look, at most this many: the largest count thresholds are measured for."""


@dataclass(frozen=True, slots=True)
class Photo:
    """One accepted photo: its embedding, its quality weight 0…1, and the sha256 of the embedder that made it.

    `look` tells photos of one person apart that differ by more than the moment (glasses, a mask); "" is the usual
    one. `picture` is the photo as JPEG, where the configuration keeps pictures and it was asked for.
    """

    embedding: Embedding
    quality: float
    embedder: str
    source: str = ""
    look: str = ""
    picture: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Details:
    """What may change about somebody enrolled; None leaves it as it is, "" for a moment means no limit."""

    groups: tuple[str, ...] | None = None
    note: str | None = None
    valid_from: str | None = None
    valid_until: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody enrolled. `enrolled` is RFC 3339; `id` is opaque, and all the journal ever keeps of them.

    They may enter from `valid_from` until before `valid_until` (RFC 3339 in UTC; None: no limit). `apart` names
    lookalikes that were enrolled by explicit choice: the id of the other one, and the score this person must reach
    for as long as that one is enrolled. `unreadable` counts photos whose key is lost; they are not in `photos`.
    """

    id: str
    name: str
    enrolled: str
    photos: tuple[Photo, ...]
    groups: tuple[str, ...] = ()
    note: str = ""
    valid_from: str | None = None
    valid_until: str | None = None
    apart: Mapping[str, float] = field(default_factory=dict)
    unreadable: int = 0

    def looks(self) -> tuple[str, ...]:
        """The looks there are photos of, the usual one first."""
        return tuple(sorted({photo.look for photo in self.photos}))

    def best(self, look: str | None = None) -> list[Photo]:
        """The photos a look's template is made of, best first; by default the usual look's."""
        if look is None:
            look = next(iter(self.looks()), "")
        photos = (photo for photo in self.photos if photo.look == look)
        return sorted(photos, key=lambda photo: -photo.quality)[:MAX_PHOTOS]

    def template(self) -> Embedding:
        """The usual look's template: the mean of its best photos by quality, of length 1."""
        return _template(self.best())

    def templates(self) -> tuple[Embedding, ...]:
        """A template for each look, in the order of `looks`; somebody's score is the highest of theirs."""
        return tuple(_template(self.best(look)) for look in self.looks())


def _template(photos: list[Photo]) -> Embedding:
    return pool((photo.embedding, photo.quality) for photo in photos)


class Enrolled:
    """People who are enrolled nowhere but here, for measuring."""

    def __init__(self, people: tuple[Person, ...]) -> None:
        self._people = people

    def version(self) -> int:
        return 1

    def people(self) -> tuple[Person, ...]:
        return self._people
