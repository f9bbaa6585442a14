"""The split of a data set: who is enrolled, from which photos, and which photos come to the door afterwards.

Rules
-----
1. Photos of which it cannot be said whose face they label (several faces, or no picture at all) take no part.
2. Somebody is enrolled from the first K usable photos. The other photos are probes.
3. Where a person's photos are of several visits, enrolment is of one visit and the probes are of the others, so that
   nobody is recognised by the very minute in which they enrolled.
4. Somebody with fewer than K usable photos, or no photo beyond them, is a stranger; so are the people of another data
   set that is given for that. All their photos are probes.
5. A photo without a usable face is no comparison. It is counted: with the probes where it would have been one, else
   as refused at enrolment.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edgegate.errors import UsageError
from edgegate.evaluation.dataset import Labelled
from edgegate.evaluation.scores import Evidence
from edgegate.evaluation.vision import Judged
from edgegate.types import Embedding
from edgegate.vision.faces import FaceFault
from edgegate.vision.pooling import pool

Indices = npt.NDArray[np.int32]

NOT_A_SAMPLE = (FaceFault.SEVERAL_FACES, FaceFault.UNREADABLE)
"""Faults of the photo as a label, not of the face."""

NOT_DETECTED = FaceFault.NO_FACE


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """Embeddings as the rows of a matrix (n, d), with the index of each one's person and condition."""

    rows: npt.NDArray[np.float32]
    person: Indices
    condition: Indices

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Templates and probes; `missed` are probes of enrolled people that show no usable face.

    A template's condition is that of its photos, or -1 where they differ.
    """

    photos_enrolled: int
    persons: tuple[str, ...]
    conditions: tuple[str, ...]
    templates: Vectors
    probes: Vectors
    missed: Vectors
    faults: Mapping[str, int]
    """The reason why photos could not be used, and how many, of all that were looked at."""
    photos: int
    refused_at_enrolment: int


def check_counts(photos_of: Iterable[Labelled], photos: int) -> None:
    """Raise UsageError if nobody has enough photos, however good they are: before looking at any."""
    if max(Counter(photo.person for photo in photos_of).values(), default=0) <= photos:
        raise _nobody(photos)


def split(judged: Sequence[Judged], photos: int, strangers: Sequence[Judged] = ()) -> Split:
    """Divide what has been looked at by the rules above; `photos` is K.

    Raises UsageError when somebody is both in the data set and among the strangers, or when nobody can be enrolled.
    """
    apart = {one.photo.person for one in strangers}
    if both := apart & {one.photo.person for one in judged}:
        raise UsageError(f"{min(both)}: is in the data set and among the strangers; a stranger is somebody else")
    everybody = [*judged, *strangers]
    builder = _Builder(everybody, photos)
    for person, group in itertools.groupby(everybody, lambda one: one.photo.person):
        shots = [one for one in group if one.fault not in NOT_A_SAMPLE]
        chosen = None if person in apart else _enrolment(shots, photos)
        builder.add(shots, chosen or ())
    return builder.done()


def _enrolment(shots: Sequence[Judged], photos: int) -> list[Judged] | None:
    """The photos that somebody is enrolled from; None if they are too few, or if none would be left to probe with."""
    visits = [list(group) for _, group in itertools.groupby(shots, lambda one: (one.photo.visit, one.photo.condition))]
    usable = [[one for one in visit if one.evidence is not None] for visit in visits]
    if len({one.photo.visit for one in shots}) > 1 and any(len(visit) > 1 for visit in visits):
        for visit in usable:
            if len(visit) >= photos:
                return _spread(visit, photos)
    first = [one for visit in usable for one in visit][:photos]
    return first if len(first) == photos and len(shots) > photos else None


def _spread(visit: Sequence[Judged], photos: int) -> list[Judged]:
    """As somebody would enrol: the first photos of few, evenly spread ones of many."""
    if len(visit) < 2 * photos:
        return list(visit[:photos])
    return [visit[i] for i in np.linspace(0, len(visit) - 1, photos).astype(int)]


@dataclass(slots=True)
class _Pile:
    """Vectors in the making."""

    rows: list[Embedding] = field(default_factory=list)
    person: list[int] = field(default_factory=list)
    condition: list[int] = field(default_factory=list)

    def put(self, row: Embedding, person: int, condition: int) -> None:
        self.rows.append(row)
        self.person.append(person)
        self.condition.append(condition)

    def vectors(self) -> Vectors:
        rows = np.stack(self.rows) if self.rows else np.empty((0, 0), np.float32)
        return Vectors(rows, np.array(self.person, np.int32), np.array(self.condition, np.int32))


class _Builder:
    """Gathers a split person by person."""

    def __init__(self, everybody: Sequence[Judged], photos: int) -> None:
        self._everybody = everybody
        self._photos = photos
        self._conditions = sorted({one.photo.condition for one in everybody})
        self._persons: list[str] = []
        self._templates, self._probes, self._missed = _Pile(), _Pile(), _Pile()
        self._refused = 0

    def add(self, shots: Sequence[Judged], chosen: Sequence[Judged]) -> None:
        """One person, enrolled from the chosen photos, or a stranger without any."""
        if not shots:
            return
        person = len(self._persons)
        self._persons.append(shots[0].photo.person)
        left = _left(shots, chosen)
        self._refused += sum(one.evidence is None for one in shots) - sum(one.evidence is None for one in left)
        if chosen:
            same = {one.photo.condition for one in chosen}
            condition = self._conditions.index(same.pop()) if len(same) == 1 else -1
            self._templates.put(pool(_evidence(chosen)), person, condition)
        for one in left:
            condition = self._conditions.index(one.photo.condition)
            if one.evidence is not None:
                self._probes.put(one.evidence[0], person, condition)
            elif chosen:
                self._missed.put(np.empty(0, np.float32), person, condition)

    def done(self) -> Split:
        if not self._templates.person:
            raise _nobody(self._photos)
        if len(self._persons) < 2:
            raise UsageError("all photos are of one person; false accepts need at least two people")
        return Split(
            self._photos,
            tuple(self._persons),
            tuple(self._conditions),
            self._templates.vectors(),
            self._probes.vectors(),
            self._missed.vectors(),
            Counter(one.fault.value for one in self._everybody if one.fault is not None),
            len(self._everybody),
            self._refused,
        )


def _left(shots: Sequence[Judged], chosen: Sequence[Judged]) -> list[Judged]:
    """Returns what comes to the door: nothing that enrolment has used or passed over, nor what is of the same visit.

    The visit is spared where all photos are of one, and where each photo is its own.
    """
    if not chosen:
        return list(shots)
    enrolled = {(one.photo.visit, one.photo.condition) for one in chosen}
    others = [one for one in shots if (one.photo.visit, one.photo.condition) not in enrolled]
    if len(enrolled) == 1 and others and len({one.photo.visit for one in shots}) > 1:
        return others
    last = max(shots.index(one) for one in chosen)
    return [one for i, one in enumerate(shots) if one not in chosen and (one.evidence is not None or i > last)]


def _nobody(photos: int) -> UsageError:
    return UsageError(
        f"nobody has {photos} usable photos and one more, so that nobody can be enrolled and recognised; "
        "use a smaller --enrol, or more photos of each person"
    )


def _evidence(chosen: Sequence[Judged]) -> list[Evidence]:
    return [one.evidence for one in chosen if one.evidence is not None]
