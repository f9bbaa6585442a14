"""Every clip as a visit to a door where one person is enrolled from another clip: tracking, rules and all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edgegate.app import build_gate, build_pipeline
from edgegate.config import Config
from edgegate.evaluation.scores import Looks
from edgegate.evaluation.vision import Seen
from edgegate.gallery import Enrolled, Person, Photo
from edgegate.identification import Identifier
from edgegate.thresholds import Table
from edgegate.types import EventType, Face, Frame, Observation
from edgegate.vision.packs import Pack


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A clip that has been looked at."""

    person: str
    name: str
    frames: Sequence[Seen]


@dataclass(frozen=True, slots=True)
class Trial:
    """One clip at a door where somebody is enrolled from `enrolled`; `score` is the highest that was decided on."""

    enrolled: Clip
    visitor: Clip
    granted: bool
    score: float
    threshold: float

    @property
    def genuine(self) -> bool:
        return self.enrolled.person == self.visitor.person


def looks_of(clip: Clip) -> Looks:
    """The nearest face's usable frames."""
    nearest = [seen.faces[0] for seen in clip.frames if seen.faces]
    evidence = tuple(
        (face.embedding, face.quality.weight)
        for face in nearest
        if face.embedding is not None and face.quality is not None
    )
    return Looks(clip.person, clip.name, evidence)


class _Remembered:
    """The analyzer's answers, given again."""

    def __init__(self, frames: Sequence[Seen]) -> None:
        self._faces = {seen.at: seen.faces for seen in frames}

    def detect(self, frame: Frame) -> tuple[Face, ...]:
        return self._faces[frame.at]

    def describe(self, _frame: Frame, face: Face) -> Face:
        return face


class _AlwaysMoving:
    def moved(self, _frame: Frame) -> bool:
        return True


def trials(config: Config, embedder: Pack, table: Table, clips: Sequence[Clip], photos: int) -> Iterator[Trial]:
    """Every ordered pair of two clips, enrolled from `photos` frames spread over the first."""
    for enrolled in clips:
        person = _enrol(enrolled, photos, embedder)
        if person is None:
            continue
        settings = config.recognition
        identifier = Identifier(
            Enrolled((person,)), table, embedder.sha256, settings.false_accept_rate, settings.decide_after_frames
        )
        for visitor in clips:
            if visitor is not enrolled:
                yield _visit(config, embedder, identifier, enrolled, visitor)


def _enrol(clip: Clip, photos: int, embedder: Pack) -> Person | None:
    """From frames evenly spread over the clip's usable ones; None if it has none."""
    usable = looks_of(clip).evidence
    if not usable:
        return None
    chosen = np.unique(np.linspace(0, len(usable) - 1, photos).astype(int))
    looks = tuple(Photo(usable[i][0], usable[i][1], embedder.sha256) for i in chosen)
    return Person(clip.person, clip.person, "", looks)


def _visit(config: Config, embedder: Pack, identifier: Identifier, enrolled: Clip, visitor: Clip) -> Trial:
    pipeline = build_pipeline(config, _Remembered(visitor.frames), _AlwaysMoving(), identifier)
    gate = build_gate(config, embedder)
    granted, score, threshold = False, -1.0, 0.0
    blank = np.empty((0, 0, 3), np.uint8)
    for seq, seen in enumerate(visitor.frames):
        sightings = pipeline.look(Frame(seen.at, seq, blank))
        decision = gate.observe(Observation(seen.at, seen.at, seen.at, sightings))
        granted |= any(event.type is EventType.GRANTED for event in decision.events)
        for sighting in sightings:
            if sighting.pooled is not None and sighting.frames >= config.recognition.decide_after_frames:
                score = max(score, sighting.pooled.score)
                threshold = sighting.pooled.threshold
    return Trial(enrolled, visitor, granted, score, threshold)
