"""A person's templates, one a look, and how many photos each pools: what scores and thresholds are about."""

from __future__ import annotations

from dataclasses import dataclass

from edgegate.gallery import Person
from edgegate.types import Embedding


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """One look of one person, of length 1, and the number of photos it is the mean of."""

    embedding: Embedding
    photos: int


def templates_of(person: Person) -> tuple[Template, ...]:
    """A template for every look of somebody whose photos are all of one embedder."""
    counts = [len(person.best(look)) for look in person.looks()]
    return tuple(map(Template, person.templates(), counts))
