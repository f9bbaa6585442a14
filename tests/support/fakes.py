"""Small honest stand-ins, with knobs, for what surrounds the pure rooms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgegate.access.observation import ALWAYS, Candidate, Sighting, Validity
from edgegate.errors import JournalError
from edgegate.events.cloudevents import CloudEvent
from edgegate.events.vocabulary import Event
from edgegate.gallery import Person, Photo
from edgegate.journal import Journal
from edgegate.recognition.tracking import TrackingRules
from edgegate.types import Box, Embedding, Frame
from edgegate.vision.faces import Face, Quality

EMBEDDER = "e" * 64
IMAGE = np.zeros((4, 4, 3), np.uint8)


def looks(degrees: float) -> Embedding:
    """An embedding in the plane: the cosine of two is the cosine of the angle between them."""
    return np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))], np.float32)


def box_at(x: float, y: float = 0.0, size: float = 100.0) -> Box:
    """A square box by its centre."""
    return Box(x - size / 2, y - size / 2, x + size / 2, y + size / 2)


def face_at(x: float, y: float = 0.0, size: float = 100.0, embedding: Embedding | None = None) -> Face:
    quality = None if embedding is None else Quality(size, sharpness=1.0, brightness=120.0, yaw=0.0, weight=1.0)
    return Face(box_at(x, y, size), 0.9, np.zeros((4, 2), np.float32), quality, embedding)


def frame_at(at: float) -> Frame:
    return Frame(at, round(at * 1000), IMAGE)


def photo(embedding: Embedding, quality: float = 1.0, embedder: str = EMBEDDER, source: str = "one.jpg") -> Photo:
    return Photo(embedding, quality, embedder, source)


def person(name: str, *photos: Photo) -> Person:
    return Person(f"id-of-{name}", name, "2026-01-01T00:00:00Z", photos)


def seen(
    who: str | None = "ann",
    *,
    track: int = 1,
    visit: int | None = None,
    size: float = 100.0,
    frames: int = 5,
    usable: bool = True,
    score: float = 0.98,
    margin: float = 0.1,
    own: Candidate | None = None,
    validity: Validity = ALWAYS,
) -> Sighting:
    """Somebody in view, by default recognised as Ann beyond doubt; `who` None is a stranger, closest to Ann."""
    score = 0.5 if who is None else score
    pooled = Candidate(who or "ann", score, 0.95, margin, validity)
    own = own or Candidate(who or "ann", 0.5 if who is None else 0.97, 0.9, 0.1)
    known = (pooled, own) if usable else (None, None)
    return Sighting(track, visit or track, box_at(200.0, size=size), frames, usable, *known)


class FakePipeline:
    """Sees in every frame whatever `view` was last set to."""

    def __init__(self) -> None:
        self.view: tuple[Sighting, ...] = ()

    def look(self, frame: Frame) -> tuple[Sighting, ...]:
        return self.view

    def change_rules(self, rules: TrackingRules) -> None:
        pass


class FailingJournal:
    """A real journal on a disk with room for so many more events."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.room = math.inf

    def append(self, events: Sequence[Event]) -> list[CloudEvent]:
        if len(events) > self.room:
            raise JournalError("journal.db: cannot be written: the disk is full; free some space")
        self.room -= len(events)
        return self._journal.append(events)


@dataclass
class FakePeople:
    """A gallery in memory: raise `revision` when `everybody` changes, as a file's version does."""

    everybody: tuple[Person, ...] = ()
    revision: int = 0
    times_read: int = 0

    def version(self) -> int:
        return self.revision

    def people(self) -> tuple[Person, ...]:
        self.times_read += 1
        return self.everybody
