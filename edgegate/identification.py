"""Whose embedding this is: the gallery's templates, and what each of them must be matched with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Protocol

import numpy as np

from edgegate.gallery import Person
from edgegate.thresholds import Table, Threshold, per_person
from edgegate.types import Candidate, Claim, Embedding

OWN_FRAME_RATE = 0.05
"""The deciding frame must agree by itself, at a rate of its own: it has less to go by than the pool has."""

_ALONE = 2.0  # the margin of somebody without a runner-up: the largest difference two cosines can have


@dataclass(frozen=True, slots=True)
class Promise:
    """What the door's false-accept rate rests on, with the people enrolled now.

    `threshold` is the strictest of anybody's; `carried` is False when the table's trials cannot show the rate, and
    `shown_rate` is then what they do show for the whole door.
    """

    people: int
    false_accept_rate: float
    threshold: float
    carried: bool
    shown_rate: float

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def in_words(self) -> str:
        who = "nobody is enrolled" if not self.people else f"{self.people} enrolled"
        promise = f"threshold {self.threshold:.4f} for a false-accept rate of {self.false_accept_rate:g} a visit"
        if self.carried:
            return f"{who}; {promise}"
        return (
            f"{who}; {promise}, which the measurements do not carry: they show {self.shown_rate:.2g} for this "
            "door, and the strictest measured threshold is used"
        )


class People(Protocol):
    """What identification needs of a gallery."""

    def version(self) -> object: ...

    def people(self) -> tuple[Person, ...]: ...


class Identifier:
    """Matches embeddings with the gallery, which may change under it: call `refresh` now and then.

    `embedder` is the sha256 of the network whose embeddings are matched. Photos that another network embedded mean
    nothing to it: people who have only such photos are in `foreign`, and must be enrolled again.
    """

    def __init__(
        self, gallery: People, table: Table, embedder: str, false_accept_rate: float, decide_after_frames: int
    ) -> None:
        self._gallery = gallery
        self._table = table
        self._embedder = embedder
        self._rate = false_accept_rate
        self._frames = decide_after_frames
        self._version: object = self  # nothing that a gallery's version could equal
        self.refresh()

    def refresh(self) -> bool:
        """Read the gallery again if it changed; whether it had."""
        version = self._gallery.version()
        if version == self._version:
            return False
        everybody = self._gallery.people()
        self._version = version
        ours = [(person, tuple(p for p in person.photos if p.embedder == self._embedder)) for person in everybody]
        self.people = tuple(replace(person, photos=photos) for person, photos in ours if photos)
        self.foreign = tuple(person for person, photos in ours if not photos)
        self._templates = np.stack([p.template() for p in self.people]) if self.people else None
        self._index = {person.name: index for index, person in enumerate(self.people)}
        self._thresholds: dict[tuple[int, int, float], Threshold] = {}
        return True

    def everybody(self) -> tuple[Person, ...]:
        """Whoever is enrolled, by whichever network; those in `foreign` cannot be matched here."""
        return self.people + self.foreign

    def match(self, embedding: Embedding, frames: int, claim: Claim | None = None) -> Candidate | None:
        """The best match of an embedding that pools `frames` frames, and what it must reach to open the door.

        With a claim, the match with the person it names, still ahead of everybody else by its margin; None where
        it names nobody who is enrolled. The threshold is the same: over a visit, anybody may be named.
        """
        return self._match(embedding, frames, per_person(self._rate, len(self.people)), claim)

    def match_own(self, embedding: Embedding, claim: Claim | None = None) -> Candidate | None:
        """The best match of the deciding frame alone, and what it must reach to agree."""
        return self._match(embedding, 1, OWN_FRAME_RATE, claim)

    def threshold(self, person: Person) -> Threshold:
        """What opens the door for this person, with as many people enrolled as there are now."""
        return self._threshold(person, self._frames, per_person(self._rate, len(self.people)))

    def _match(self, embedding: Embedding, frames: int, rate: float, claim: Claim | None) -> Candidate | None:
        if self._templates is None or (claim is not None and claim.name not in self._index):
            return None
        scores = self._templates @ embedding
        best = int(np.argmax(scores)) if claim is None else self._index[str(claim.name)]
        score = float(scores[best])
        others = np.delete(scores, best)
        runner_up = float(others.max()) if others.size else score - _ALONE
        person = self.people[best]
        return Candidate(person.id, score, self._threshold(person, frames, rate).value, score - runner_up)

    def _threshold(self, person: Person, frames: int, rate: float) -> Threshold:
        key = (len(person.best()), frames, rate)
        if key not in self._thresholds:
            self._thresholds[key] = self._table.threshold(*key)
        return self._thresholds[key]

    def promise(self) -> Promise:
        """What `check` and `people list` tell about the threshold in force."""
        people = len(self.people)
        thresholds = [self.threshold(person) for person in self.people] or [
            self._table.threshold(1, self._frames, self._rate)
        ]
        strictest = max(thresholds, key=lambda threshold: threshold.value)
        return Promise(
            people=people,
            false_accept_rate=self._rate,
            threshold=strictest.value,
            carried=all(threshold.carried for threshold in thresholds),
            shown_rate=min(1.0, max(t.measured_rate for t in thresholds) * max(people, 1)),
        )
