"""An enrolment from all the photos of one call together: of one person, different, and like nobody else enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from edgegate.enrol.choice import Sameness, choose, strangers
from edgegate.enrol.judging import PhotoVerdict
from edgegate.gallery import MAX_PHOTOS, Person, Photo
from edgegate.recognition import lookalikes
from edgegate.recognition.identification import Identifier
from edgegate.recognition.lookalikes import Likeness
from edgegate.vision.faces import FaceFault

ENOUGH = 3
"""Photos of a look from which recognition is as sure as the README's figures say."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The verdicts, now final, and what the gallery is to be told besides the photos that they keep."""

    verdicts: tuple[PhotoVerdict, ...]
    before: int = 0
    """Photos of this look that the gallery had, of the embedder in use."""
    likenesses: tuple[Likeness, ...] = field(default=())
    """Lookalikes who are to be told apart by a raised threshold, by explicit choice."""

    @property
    def photos(self) -> tuple[Photo, ...]:
        return tuple(verdict.photo for verdict in self.verdicts if verdict.photo and verdict.kept)

    @property
    def accepted(self) -> int:
        return sum(verdict.photo is not None for verdict in self.verdicts)

    @property
    def apart(self) -> dict[str, float]:
        return lookalikes.apart(self.likenesses)


def enrol(
    name: str,
    verdicts: Sequence[PhotoVerdict],
    identifier: Identifier,
    sameness: Sameness,
    *,
    photos: int = MAX_PHOTOS,
    guided: bool = False,
    allow_lookalike: bool = False,
) -> Enrolment:
    """Judge together what was judged one by one, all of one look; nothing is written.

    At most so many `photos` are kept. `guided` ones differ by pose, and are all kept.
    """
    known = next((person for person in identifier.people if person.name == name), None)
    verdicts = _of_one_person(verdicts, known, sameness)
    before = _before(verdicts, known)
    if not guided:
        verdicts = _different(verdicts, before, photos)
    found = identifier.lookalikes([*(known.photos if known else ()), *_kept(verdicts)], name) if _kept(verdicts) else ()
    faults = {likeness.fault for likeness in found}
    if FaceFault.DUPLICATE_OF in faults or (found and not allow_lookalike):
        worst = next((one for one in found if one.fault is FaceFault.DUPLICATE_OF), next(iter(found)))
        refused = tuple(v.refuse(worst.fault, in_words(worst)) if v.photo else v for v in verdicts)
        return Enrolment(refused, len(before))
    return Enrolment(tuple(verdicts), len(before), found)


def in_words(likeness: Likeness) -> str:
    """Returns why somebody is refused for being like somebody else, and the way out."""
    other = likeness.person.name
    if likeness.raised is None:
        return f"the face is enrolled as {other}; add photos under that name, or forget that one first"
    return (
        f"the face is so like {other}'s (cosine {likeness.score:.4f}) that the door would take one for the other more "
        f"often than promised; --allow-lookalike enrols it all the same, and asks {likeness.raised:.4f} of both"
    )


def _kept(verdicts: Sequence[PhotoVerdict]) -> list[Photo]:
    return [verdict.photo for verdict in verdicts if verdict.photo and verdict.kept]


def _before(verdicts: Sequence[PhotoVerdict], known: Person | None) -> list[Photo]:
    """Returns what is known of the look that the photos are of."""
    looks = {verdict.photo.look for verdict in verdicts if verdict.photo}
    return [photo for photo in known.photos if photo.look in looks] if known else []


def _of_one_person(verdicts: Sequence[PhotoVerdict], known: Person | None, sameness: Sameness) -> list[PhotoVerdict]:
    accepted = [(index, verdict.photo) for index, verdict in enumerate(verdicts) if verdict.photo]
    odd = strangers([photo for _, photo in accepted], known, sameness)
    refused = {accepted[number][0] for number in odd}
    return [v.refuse(FaceFault.NOT_SAME_PERSON) if index in refused else v for index, v in enumerate(verdicts)]


def _different(verdicts: Sequence[PhotoVerdict], before: Sequence[Photo], count: int) -> list[PhotoVerdict]:
    """Keep the best that differ, and say of the others why they are not needed."""
    accepted = [(index, verdict.photo) for index, verdict in enumerate(verdicts) if verdict.photo]
    chosen = {accepted[number][0] for number in choose([photo for _, photo in accepted], count, before)}
    reason = (
        f"the best {count} are kept"
        if len(chosen) == count
        else "it is much the same as another photo; different ones help more"
    )
    return [
        replace(verdict, spare=reason) if verdict.photo and index not in chosen else verdict
        for index, verdict in enumerate(verdicts)
    ]
