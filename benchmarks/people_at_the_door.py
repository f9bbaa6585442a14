"""Capture sessions as visits to a door where two people are enrolled: what opens it, and for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from people import Shooting, frames

from edgegate.access.observation import Observation
from edgegate.app import build_gate, build_pipeline, load_embedder, table_of
from edgegate.config import Config, load
from edgegate.evaluation.clips import AlwaysMoving, Remembered
from edgegate.events.vocabulary import EventType
from edgegate.gallery import Enrolled, Person, Photo
from edgegate.recognition.identification import Identifier
from edgegate.vision.packs import Pack
from edgegate.vision.tracker import TrackerNetwork

PHOTOS = 5
"""The number of photos that a person is enrolled from."""

WAYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "tracker alone": ("recognition.model=measured", "recognition.model_alone=true"),
        "tracker, confirmed by the embedder": ("recognition.model=measured",),
        "embedder without a tracker": (),
    }
)


@dataclass(frozen=True, slots=True)
class Coming:
    """The people who come to the door: each capture session is a visit."""

    known: Sequence[Shooting]
    strangers: Sequence[Shooting]
    clips: Sequence[Shooting]
    """Strangers before another camera."""


def visits(coming: Coming, enrolled_from: Sequence[Shooting], tracker: TrackerNetwork) -> dict[str, dict[str, int]]:
    """Counts, for each way to decide, who came, and for how many of them the door opened."""
    return {way: _counts(load(None, settings), coming, enrolled_from, tracker) for way, settings in WAYS.items()}


def _counts(
    config: Config, coming: Coming, enrolled_from: Sequence[Shooting], tracker: TrackerNetwork
) -> dict[str, int]:
    embedder = load_embedder(config)
    people = tuple(_enrolled(shooting, embedder.sha256) for shooting in enrolled_from)
    network = tracker if config.recognition.model else None

    def let_in(shooting: Shooting) -> set[str | None]:
        return _let_in(config, embedder, people, network, shooting)

    known = [(shooting.person, let_in(shooting)) for shooting in coming.known]
    return {
        "known": len(known),
        "known_let_in": sum(person in opened for person, opened in known),
        "known_mistaken": sum(bool(opened - {person}) for person, opened in known),
        "strangers": len(coming.strangers),
        "strangers_let_in": sum(bool(let_in(shooting)) for shooting in coming.strangers),
        "clips": len(coming.clips),
        "clips_let_in": sum(bool(let_in(shooting)) for shooting in coming.clips),
    }


def _enrolled(shooting: Shooting, embedder: str) -> Person:
    """Enrols a person from PHOTOS frames spread over the usable ones."""
    nearest = [seen.faces[0] for seen in shooting.seen if seen.faces]
    usable = [
        Photo(face.embedding, face.quality.weight, embedder)
        for face in nearest
        if face.quality is not None and face.embedding is not None
    ]
    chosen = np.unique(np.linspace(0, len(usable) - 1, PHOTOS).astype(int)).tolist()
    return Person(shooting.person, shooting.person, "", tuple(usable[index] for index in chosen))


def _let_in(
    config: Config, embedder: Pack, people: tuple[Person, ...], tracker: TrackerNetwork | None, shooting: Shooting
) -> set[str | None]:
    """Returns the people whom the door was opened for."""
    settings = config.recognition
    identifier = Identifier(
        Enrolled(people),
        table_of(embedder),
        embedder.sha256,
        settings.false_accept_rate,
        settings.decide_after_frames,
    )
    pipeline = build_pipeline(config, Remembered(shooting.seen), AlwaysMoving(), identifier, tracker)
    gate = build_gate(config, embedder, tracker.pack if tracker else None)
    decisions = (
        gate.observe(Observation(frame.at, frame.at, frame.at, pipeline.look(frame)))
        for frame in frames(shooting.visit)
    )
    events = (event for decision in decisions for event in decision.events)
    return {event.subject for event in events if event.type is EventType.GRANTED}
