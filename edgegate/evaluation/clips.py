"""Every clip as a visit to a door where one person is enrolled from another clip: tracking, rules and all.

A clip without a usable face cannot be enrolled from. As a visit it counts all the same: its person stood before
a door that stayed shut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edgegate.access.observation import Observation
from edgegate.app import IdentityNetwork, build_gate, build_pipeline
from edgegate.config import Config
from edgegate.evaluation.scores import Looks
from edgegate.evaluation.vision import Seen
from edgegate.events.vocabulary import EventType
from edgegate.gallery import Enrolled, Person, Photo
from edgegate.recognition.identification import Identifier
from edgegate.recognition.pipeline import Pipeline
from edgegate.recognition.thresholds import Table
from edgegate.types import Frame
from edgegate.vision.classes import Probabilities
from edgegate.vision.faces import Face
from edgegate.vision.packs import Pack
from edgegate.vision.tracker import TrackerOutput


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A clip that has been looked at."""

    person: str
    name: str
    frames: Sequence[Seen]
    condition: str = ""

    @property
    def usable_from(self) -> float | None:
        """The second of the first frame whose nearest face is good enough to say who it is; None without one."""
        return next((s.at for s in self.frames if s.faces and s.faces[0].embedding is not None), None)


@dataclass(frozen=True, slots=True)
class Trial:
    """One clip at a door where somebody is enrolled from `enrolled`; `score` is the highest that was decided on.

    `seconds` is the video's time from the first usable face to the grant; None without one.
    """

    enrolled: Clip
    visitor: Clip
    granted: bool
    score: float
    threshold: float
    seconds: float | None = None

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


class Remembered:
    """The analyzer's answers, given again."""

    def __init__(self, frames: Sequence[Seen]) -> None:
        self._faces = {seen.at: seen.faces for seen in frames}

    def detect(self, frame: Frame) -> tuple[Face, ...]:
        return self._faces[frame.at]

    def judge(self, _frame: Frame, face: Face) -> Face:
        return face

    def describe(self, _frame: Frame, face: Face) -> Face:
        return face


class _Remembered:
    """The answers of a network that names people, given again."""

    def __init__(self, pack: Pack, frames: Sequence[Seen]) -> None:
        self.pack, self.labels = pack, pack.labels
        self._guesses = {seen.at: seen.guess for seen in frames}

    def guess(self, frame: Frame) -> TrackerOutput:
        guess = self._guesses[frame.at]
        assert guess is not None  # the clip was looked at with the network
        return guess


class _RememberedTracker(_Remembered):
    def look(self, frame: Frame) -> TrackerOutput:
        return self.guess(frame)


class _RememberedClassifier(_Remembered):
    def classify(self, frame: Frame, _face: Face) -> Probabilities:
        return self.guess(frame).probabilities


class AlwaysMoving:
    """For frames that were all looked at."""

    def moved(self, _frame: Frame) -> bool:
        return True


class Replayer:
    """A door with the parts that the config names, whose networks' answers are remembered."""

    def __init__(
        self, config: Config, embedder: Pack, table: Table, identity_network: IdentityNetwork | None = None
    ) -> None:
        self._config = config
        self._embedder = embedder
        self._table = table
        self._identity_network = identity_network.pack if identity_network else None

    def trials(self, clips: Sequence[Clip], photos: int) -> Iterator[Trial]:
        """Every ordered pair of two clips, enrolled from `photos` frames spread over the first."""
        for enrolled in clips:
            if enrolled.usable_from is None:
                continue
            identifier = self._identifier(_enrol(enrolled, photos, self._embedder))
            for visitor in clips:
                if visitor is not enrolled:
                    yield self._visit(identifier, enrolled, visitor)

    def _identifier(self, person: Person) -> Identifier:
        settings = self._config.recognition
        return Identifier(
            Enrolled((person,)),
            self._table,
            self._embedder.sha256,
            settings.false_accept_rate,
            settings.decide_after_frames,
        )

    def _visit(self, identifier: Identifier, enrolled: Clip, visitor: Clip) -> Trial:
        pipeline = self._pipeline(identifier, visitor)
        gate = build_gate(self._config, self._embedder, self._identity_network)
        granted, score, threshold = None, -1.0, 0.0
        blank = np.empty((0, 0, 3), np.uint8)
        for seq, seen in enumerate(visitor.frames):
            sightings = pipeline.look(Frame(seen.at, seq, blank))
            decision = gate.observe(Observation(seen.at, seen.at, seen.at, sightings))
            if granted is None and any(event.type is EventType.GRANTED for event in decision.events):
                granted = seen.at
            for sighting in sightings:
                if sighting.pooled is not None and sighting.frames >= self._config.recognition.decide_after_frames:
                    score = max(score, sighting.pooled.score)
                    threshold = sighting.pooled.threshold
        first = visitor.usable_from
        seconds = None if granted is None or first is None else max(granted - first, 0.0)
        return Trial(enrolled, visitor, granted is not None, score, threshold, seconds)

    def _pipeline(self, identifier: Identifier, visitor: Clip) -> Pipeline:
        seen = Remembered(visitor.frames)
        if self._identity_network is None:
            return build_pipeline(self._config, seen, AlwaysMoving(), identifier)
        remembered = _RememberedClassifier if self._identity_network.task == "classifier" else _RememberedTracker
        identity_network = remembered(self._identity_network, visitor.frames)
        return build_pipeline(self._config, seen, AlwaysMoving(), identifier, identity_network)


def _enrol(clip: Clip, photos: int, embedder: Pack) -> Person:
    """From frames evenly spread over the clip's usable ones, of which there is at least one."""
    usable = looks_of(clip).evidence
    chosen = np.unique(np.linspace(0, len(usable) - 1, photos).astype(int))
    looks = tuple(Photo(usable[i][0], usable[i][1], embedder.sha256) for i in chosen)
    return Person(clip.person, clip.person, "", looks)
