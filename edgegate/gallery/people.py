"""A person enrolled, their photos, and the template that each of their appearances is recognised by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgegate.types import Embedding
from edgegate.vision.pooling import pool

MAX_PHOTOS = 5
"""Photos pooled into a template, at most: the largest number that thresholds are measured for."""


@dataclass(frozen=True, slots=True)
class Photo:
    """One accepted photo: its embedding, its quality weight 0…1, and the sha256 of the embedder that made it.

    `look` names the appearance, where photos of one person differ by more than the moment (glasses, a mask); "" is
    the usual one. `picture` is the photo as JPEG, where the configuration keeps pictures and it was asked for.
    """

    embedding: Embedding
    quality: float
    embedder: str
    source: str = ""
    look: str = ""
    picture: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Details:
    """Details that may change of somebody enrolled; None leaves one as it is, "" for a moment means no limit."""

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
        """Returns the appearances that there are photos of, the usual one first."""
        return tuple(sorted({photo.look for photo in self.photos}))

    def best(self, look: str | None = None) -> list[Photo]:
        """Returns the photos that an appearance's template is made of, best first; by default the usual one's."""
        if look is None:
            look = next(iter(self.looks()), "")
        photos = (photo for photo in self.photos if photo.look == look)
        return sorted(photos, key=lambda photo: -photo.quality)[:MAX_PHOTOS]

    def template(self) -> Embedding:
        """Returns the usual appearance's template: its best photos' mean, weighted by quality, of length 1."""
        return _template(self.best())

    def templates(self) -> tuple[Embedding, ...]:
        """Returns a template for each appearance, in the order of `looks`; a person's score is the highest of them."""
        return tuple(_template(self.best(look)) for look in self.looks())


def _template(photos: list[Photo]) -> Embedding:
    return pool((photo.embedding, photo.quality) for photo in photos)


class Enrolled:
    """People enrolled in memory only, for measuring."""

    def __init__(self, people: tuple[Person, ...]) -> None:
        self._people = people

    def version(self) -> int:
        return 1

    def people(self) -> tuple[Person, ...]:
        return self._people
