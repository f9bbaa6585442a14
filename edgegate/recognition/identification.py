"""Identification of an embedding: the gallery's templates, and what each of them must be matched with.

A person's score is the highest of their looks'; the promise counts comparisons, and so shares the false-accept rate
among all templates. Two people who were enrolled as lookalikes, by explicit choice, must each reach their pair's
raised threshold for as long as both are enrolled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from edgegate.access.observation import Candidate
from edgegate.gallery import Person, Photo
from edgegate.recognition import lookalikes
from edgegate.recognition.search import GallerySnapshot
from edgegate.recognition.thresholds import Table, Threshold, per_person
from edgegate.types import Embedding, Prediction

OWN_FRAME_RATE = 0.05
"""The deciding frame must agree by itself, at a rate of its own: it has less to go by than the pool has."""


@dataclass(frozen=True, slots=True)
class DoorRate:
    """The door's false-accept rate and what it rests on, with the people enrolled now.

    `threshold` is the strictest of anybody's, pairs of lookalikes aside; `carried` is False when the table's trials
    cannot show the rate, and `shown_rate` is then what they do show for the whole door. `templates` is what the
    rate is shared among. `site` is the threshold that this camera's own visits asked for, 0 where they did not.
    """

    people: int
    false_accept_rate: float
    threshold: float
    carried: bool
    shown_rate: float
    templates: int = 0
    site: float = 0.0

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def in_words(self) -> str:
        who = "nobody is enrolled" if not self.people else f"{self.people} enrolled"
        if self.templates > self.people:
            who += f" in {self.templates} looks"
        door_rate = f"threshold {self.threshold:.4f} for a false-accept rate of {self.false_accept_rate:g} a visit"
        if self.site >= self.threshold:
            door_rate += ", tightened by this camera's own visits"
        if self.carried:
            return f"{who}; {door_rate}"
        return (
            f"{who}; {door_rate}, which the measurements do not carry: they show {self.shown_rate:.2g} for this "
            "door; the strictest threshold measured is used, and continued where more people ask for more"
        )


class People(Protocol):
    """A gallery, as far as identification needs it."""

    def version(self) -> object: ...

    def people(self) -> tuple[Person, ...]: ...


class Identifier:
    """Matches embeddings with the gallery, which may change under it: call `refresh` now and then, on any thread.

    `embedder` is the sha256 of the network whose embeddings are matched. Photos that another network embedded mean
    nothing to it: people who have only such photos are in `foreign`, and must be enrolled again. `site` tells, at
    every refresh, the threshold that this camera's own visits ask for; it only ever tightens.
    """

    def __init__(
        self,
        gallery: People,
        table: Table,
        embedder: str,
        false_accept_rate: float,
        decide_after_frames: int,
        site: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._gallery = gallery
        self.table = table
        self._embedder = embedder
        self._rate = false_accept_rate
        self._frames = decide_after_frames
        self._site = site
        self._thresholds: dict[tuple[int, int, float], Threshold] = {}
        self._version: object = self  # nothing that a gallery's version could equal
        self.refresh()

    def refresh(self) -> bool:
        """Read the gallery again if it changed; and returns if it had. A match meanwhile has the people before."""
        version = self._gallery.version()  # before the people: a change in between is found the next time
        changed = version != self._version
        if changed:
            self._crowd = GallerySnapshot(self._gallery.people(), self._embedder)
            self._version = version
        self._tightened = self._site()  # after the people: a file that cannot be read must keep nobody enrolled
        return changed

    def change_rate(self, false_accept_rate: float, decide_after_frames: int) -> None:
        """Match by the thresholds of another rate and number of frames from now on."""
        self._rate, self._frames = false_accept_rate, decide_after_frames

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody who can be matched, with those of their photos that the network embedded."""
        return self._crowd.people

    @property
    def foreign(self) -> tuple[Person, ...]:
        return self._crowd.foreign

    @property
    def unreadable(self) -> int:
        """Returns how many people have templates whose key is lost."""
        return self._crowd.unreadable

    def everybody(self) -> tuple[Person, ...]:
        """Returns everybody enrolled, by whichever network; those in `foreign` cannot be matched here."""
        crowd = self._crowd
        return crowd.people + crowd.foreign

    def name_of(self, person: str) -> str | None:
        """The name behind an opaque id, as of the last refresh: it waits for nothing. None for nobody known by then."""
        return self._crowd.name_of(person)

    def match(self, embedding: Embedding, frames: int, prediction: Prediction | None = None) -> Candidate | None:
        """The best match of an embedding that pools `frames` frames, and what it must reach to open the door.

        With a claim, the match with the person it names, still ahead of everybody else by its margin; None where
        it names nobody who is enrolled. The threshold is the same: over a visit, anybody may be named.
        """
        crowd = self._crowd
        best = crowd.best(embedding, prediction)
        if best is None:
            return None
        by_table = self._threshold(best.photos, frames, self._shared(crowd)).value
        threshold = max(by_table, self._tightened, crowd.raised(best.person))
        validity, groups = crowd.validity(best.person), best.person.groups
        return Candidate(best.person.id, best.score, threshold, best.margin, validity, groups)

    def match_own(self, embedding: Embedding, prediction: Prediction | None = None) -> Candidate | None:
        """The best match of the deciding frame alone, and what it must reach to agree."""
        crowd = self._crowd
        best = crowd.best(embedding, prediction)
        if best is None:
            return None
        threshold = self._threshold(best.photos, 1, OWN_FRAME_RATE).value
        return Candidate(best.person.id, best.score, threshold, best.margin, crowd.validity(best.person))

    def threshold(self, person: Person) -> Threshold:
        """Returns what opens the door for this person, the strictest of their appearances, with all enrolled now."""
        crowd = self._crowd
        counts = {len(person.best(look)) for look in person.looks()}
        found = self._strictest(crowd, counts)
        return replace(found, value=max(found.value, crowd.raised(person)))

    def loosest(self) -> float:
        """The lowest threshold that opens the door for anybody, pairs of lookalikes aside."""
        crowd = self._crowd
        return min(self._strictest(crowd, {photos}).value for photos in set(crowd.photos) or {1})

    def lookalikes(self, photos: Sequence[Photo], name: str) -> tuple[lookalikes.Likeness, ...]:
        """Everybody enrolled whom these photos of somebody called `name` are too much like; see `lookalikes`."""
        return lookalikes.compare(photos, self.people, self.table, self._rate, self._frames, name)

    def door_rate(self) -> DoorRate:
        """Returns what `check` and `people list` tell about the threshold in force."""
        crowd = self._crowd
        strictest = self._strictest(crowd, set(crowd.photos) or {1})
        return DoorRate(
            people=len(crowd.people),
            false_accept_rate=self._rate,
            threshold=strictest.value,
            carried=strictest.carried,
            shown_rate=min(1.0, strictest.measured_rate * max(len(crowd.photos), 1)),
            templates=len(crowd.photos),
            site=self._tightened,
        )

    def _strictest(self, crowd: GallerySnapshot, counts: set[int]) -> Threshold:
        """The worst that can be said of templates of so many photos."""
        found = [self._threshold(photos, self._frames, self._shared(crowd)) for photos in counts]
        return Threshold(
            max(self._tightened, *(threshold.value for threshold in found)),
            carried=all(threshold.carried for threshold in found),
            measured_rate=max(threshold.measured_rate for threshold in found),
        )

    def _shared(self, crowd: GallerySnapshot) -> float:
        """Returns what one comparison may have of the promised rate: each template is one."""
        return per_person(self._rate, len(crowd.photos))

    def _threshold(self, photos: int, frames: int, rate: float) -> Threshold:
        key = (photos, frames, rate)
        if key not in self._thresholds:
            self._thresholds[key] = self.table.threshold(*key)
        return self._thresholds[key]
