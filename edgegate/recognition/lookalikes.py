"""Lookalikes: people whom the door would take for somebody enrolled, or the reverse. Pure.

The rule, for one comparison of a new person's photos, pooled like a visit's frames, with somebody's template:

- The pack's table says which score a stranger reaches at which rate, and so what the promised rate, shared among
  all templates, asks of a score: what *opens*. It also says what ten times that rate asks: what is *alike*. Where
  the table cannot show such a rate, the smallest rate that it does show is taken.
- A score that opens is a visit that is granted under the other name: the same person (`duplicate_of`).
- A score that is alike, but does not open, is too close: enrolment photos are one occasion, another one scores some
  more or some less, and nothing but chance keeps the door shut (`lookalike_of`). Who is not alike stays at least the
  distance between *alike* and *opens* below what opens the door. A pair that is to be kept all the same gets this
  distance back: its own threshold, for both of them, is raised by as much as the score exceeds *alike*.

Both directions are looked at, the new person's visits to the other's template and the other way round, and every
look of either; the strictest answer counts. When the promise is carried, at most ten times the promised rate of
people who look like nobody are told to be like somebody, however many are enrolled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgegate.gallery import Person, Photo
from edgegate.recognition.templates import Template, templates_of
from edgegate.recognition.thresholds import Table, per_person
from edgegate.vision.faces import FaceFault

TENFOLD = 10.0
"""The factor by which a score of two strangers may be likelier than the rate allows before they count as alike."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Somebody enrolled whom the new photos are too much like; `score` is the closest of their looks' cosines."""

    person: Person
    fault: FaceFault
    """`DUPLICATE_OF` or `LOOKALIKE_OF`."""
    score: float
    raised: float | None
    """The threshold that keeps the two apart, for both; None for a duplicate, whom none does."""


@dataclass(frozen=True, slots=True)
class _Bars:
    """The meaning of a score of one comparison."""

    alike: float
    opens: float


class _Scale:
    """The table's bars at one rate a comparison; `frames` is what the door pools."""

    def __init__(self, table: Table, rate: float, frames: int) -> None:
        self._table = table
        self._rate = rate
        self._frames = frames
        self.bars = lru_cache(maxsize=None)(self._bars)

    def _bars(self, photos: int, frames: int) -> _Bars:
        opens = self._table.threshold(photos, frames, self._rate)
        loose = max(TENFOLD * self._rate, opens.measured_rate)
        return _Bars(self._table.threshold(photos, frames, loose).value, opens.value)

    def directions(self, one: Template, other: Template) -> tuple[tuple[int, _Bars], tuple[int, _Bars]]:
        """Returns whose template (by its photos) is visited, and the bars for the other one's photos as the visit."""
        return (
            (one.photos, self.bars(one.photos, other.photos)),
            (other.photos, self.bars(other.photos, one.photos)),
        )

    def alike(self, score: float, one: Template, other: Template) -> bool:
        return any(score >= bars.alike for _, bars in self.directions(one, other))

    def opens(self, score: float, one: Template, other: Template) -> bool:
        return any(score >= bars.opens for _, bars in self.directions(one, other))

    def raised(self, score: float, one: Template, other: Template) -> float:
        """Returns what opens the door after a visit's frames, plus what the score has too much."""
        return max(
            self.bars(photos, self._frames).opens + max(0.0, score - bars.alike)
            for photos, bars in self.directions(one, other)
        )


def compare(
    photos: Sequence[Photo], people: Sequence[Person], table: Table, rate: float, frames: int, name: str = ""
) -> tuple[Likeness, ...]:
    """Everybody among `people` whom the `photos` of a person called `name` are too much like, the closest first.

    `people` are all who are enrolled; a person called `name` already is not compared with, and pairs that they are
    kept apart from firmly enough are not told again. Photos and people are of one embedder, the one of `table`;
    `rate` is the door's `false_accept_rate`, and `frames` how many it pools.
    """
    new = templates_of(Person("", name, "", tuple(photos)))
    before = next((person for person in people if person.name == name), None)
    others = [(person, templates_of(person)) for person in people if person is not before]
    count = sum(len(theirs) for _, theirs in others) + len(new)
    scale = _Scale(table, per_person(rate, count), frames)
    found = [likeness for person, theirs in others if (likeness := _likeness(scale, new, person, theirs)) is not None]
    new_ones = [likeness for likeness in found if before is None or not _kept(before, likeness)]
    return tuple(sorted(new_ones, key=lambda likeness: -likeness.score))


def apart(likenesses: Iterable[Likeness]) -> dict[str, float]:
    """Returns what the gallery keeps of lookalikes enrolled by explicit choice; ValueError if one is a duplicate."""
    pairs = {}
    for likeness in likenesses:
        if likeness.raised is None:
            raise ValueError("a duplicate cannot be kept apart")
        pairs[likeness.person.id] = likeness.raised
    return pairs


def _kept(person: Person, likeness: Likeness) -> bool:
    """True if this pair is kept apart already, at a threshold that is high enough."""
    other = likeness.person
    threshold = max(person.apart.get(other.id, 0.0), other.apart.get(person.id, 0.0))
    return likeness.raised is not None and threshold >= likeness.raised


def _likeness(scale: _Scale, new: Sequence[Template], person: Person, theirs: Sequence[Template]) -> Likeness | None:
    scores = np.stack([t.embedding for t in new]) @ np.stack([t.embedding for t in theirs]).T
    pairs = [(float(scores[i, j]), one, other) for i, one in enumerate(new) for j, other in enumerate(theirs)]
    alike = [pair for pair in pairs if scale.alike(*pair)]
    if not alike:
        return None
    score = max(score for score, _, _ in alike)
    if any(scale.opens(*pair) for pair in alike):
        return Likeness(person, FaceFault.DUPLICATE_OF, score, None)
    return Likeness(person, FaceFault.LOOKALIKE_OF, score, max(scale.raised(*pair) for pair in alike))
