"""Everybody enrolled as one matrix: the exact best match and its runner-up, fast enough for ten thousand people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from edgegate.access.observation import ALWAYS, Validity
from edgegate.gallery import Person, Photo
from edgegate.types import Embedding, Prediction

ALONE = 2.0
"""The margin of somebody without a runner-up: the largest difference two cosines can have."""


@dataclass(frozen=True, slots=True)
class Best:
    """Somebody's best look: how alike it is, how many photos it pools, and how far the second-best person is behind."""

    person: Person
    score: float
    margin: float
    photos: int


class GallerySnapshot:
    """The people enrolled, as of one reading of the gallery; it never changes, so that it may serve any thread.

    Photos of another network than `embedder` are left out; who has no others is in `foreign`.
    """

    def __init__(self, everybody: Sequence[Person], embedder: str) -> None:
        ours = [(person, tuple(p for p in person.photos if p.embedder == embedder)) for person in everybody]
        self.people = tuple(
            person if len(photos) == len(person.photos) else replace(person, photos=photos)
            for person, photos in ours
            if photos
        )
        self.foreign = tuple(person for person, photos in ours if not photos)
        looks = [[person.best(look) for look in person.looks()] for person in self.people]
        self.photos = tuple(len(best) for of_person in looks for best in of_person)
        """The number of photos that each template pools."""
        self._matrix = _templates([best for of_person in looks for best in of_person])
        self._starts = np.cumsum([0] + [len(of_person) for of_person in looks[:-1]])
        self._index = {person.name: index for index, person in enumerate(self.people)}
        self._raised = _raised(everybody)
        self.unreadable = sum(bool(person.unreadable) for person in everybody)
        """The number of people have templates whose key is lost."""
        self._validity = {person.id: validity_of(person) for person in everybody}
        self._names = {person.id: person.name for person in everybody}

    def best(self, embedding: Embedding, prediction: Prediction | None = None) -> Best | None:
        """The person most alike, or the one that `prediction` names; None where there is nobody of that name."""
        if self._matrix is None or (prediction is not None and prediction.name not in self._index):
            return None
        # Not `@`: BLAS would share this out among threads that spin beside everything else the door does.
        scores = np.einsum("td,d->t", self._matrix, embedding)
        highest = np.maximum.reduceat(scores, self._starts)
        best = int(highest.argmax()) if prediction is None else self._index[str(prediction.name)]
        score = float(highest[best])
        highest[best] = -np.inf
        runner_up = float(highest.max()) if len(highest) > 1 else score - ALONE
        return Best(self.people[best], score, score - runner_up, self.photos[self._look(scores, best)])

    def name_of(self, person: str) -> str | None:
        """The name behind an opaque id; None for somebody who is not enrolled."""
        return self._names.get(person)

    def raised(self, person: Person) -> float:
        """Returns what somebody must reach because of lookalikes who are enrolled now; 0 for most."""
        return self._raised.get(person.id, 0.0)

    def validity(self, person: Person) -> Validity:
        return self._validity[person.id]

    def _look(self, scores: Embedding, person: int) -> int:
        """Returns which template made somebody's score."""
        start = int(self._starts[person])
        end = int(self._starts[person + 1]) if person + 1 < len(self._starts) else len(scores)
        return start + int(scores[start:end].argmax())


def _templates(looks: Sequence[Sequence[Photo]]) -> npt.NDArray[np.float32] | None:
    """The template of each look, one a row, as `Person.templates` makes them, but all at once; None without any."""
    if not looks:
        return None
    photos = [photo for best in looks for photo in best]
    weighted = np.stack([photo.embedding for photo in photos])
    weighted *= np.array([photo.quality for photo in photos], np.float32)[:, None]
    sums = np.add.reduceat(weighted, np.cumsum([0] + [len(best) for best in looks[:-1]]))
    return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), np.float32)


def _raised(everybody: Sequence[Person]) -> dict[str, float]:
    """The highest threshold of anybody's pairs of which both are enrolled, whichever of the two it is written with."""
    ids = {person.id for person in everybody}
    raised: dict[str, float] = {}
    for person in everybody:
        for other in person.apart.keys() & ids:
            for one in (person.id, other):
                raised[one] = max(raised.get(one, 0.0), person.apart[other])
    return raised


def validity_of(person: Person) -> Validity:
    """Returns when somebody may enter, from the gallery's texts (RFC 3339)."""
    since, until = (None if text is None else _seconds(text) for text in (person.valid_from, person.valid_until))
    return Validity(ALWAYS.since if since is None else since, ALWAYS.until if until is None else until)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
