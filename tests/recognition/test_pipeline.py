"""From a frame to sightings: when a scene is looked at, and whose face is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from edgegate.recognition.identification import Identifier
from edgegate.recognition.pipeline import KEEP_LOOKING_SECONDS, LOOK_ANYWAY_SECONDS, Pipeline
from edgegate.recognition.thresholds import Table
from edgegate.recognition.tracking import Tracker, TrackingRules
from edgegate.types import Embedding, Frame
from edgegate.vision.faces import Face
from tests.support.fakes import EMBEDDER, FakePeople, face_at, frame_at, looks, person, photo

ANN, BEN = 0.0, 60.0


class FakeAnalyzer:
    """Finds the faces it is given, and embeds a face as it was said to look."""

    def __init__(self) -> None:
        self.faces: Sequence[Face] = ()
        self.searched = 0
        self.described: list[float] = []

    def detect(self, frame: Frame) -> tuple[Face, ...]:
        self.searched += 1
        return tuple(replace(face, embedding=None, quality=None) for face in self.faces)

    def describe(self, frame: Frame, face: Face) -> Face:
        self.described.append(face.box.width)
        return next(known for known in self.faces if known.box == face.box)


class FakeMotion:
    moving = True

    def moved(self, frame: Frame) -> bool:
        return self.moving


class Scene:
    """A pipeline with everything around it in view; Ann is enrolled."""

    def __init__(self) -> None:
        self.analyzer, self.motion = FakeAnalyzer(), FakeMotion()
        row = {"data": "lfw", "photos": 1, "rate": 1e-3, "trials": 1000}
        rows = [row | {"frames": 1, "threshold": 0.9}, row | {"frames": 2, "threshold": 0.95}]
        people = FakePeople((person("ann", photo(looks(ANN))),))
        identifier = Identifier(people, Table(rows), EMBEDDER, 1e-3, decide_after_frames=5)
        self.pipeline = Pipeline(self.analyzer, self.motion, Tracker(TrackingRules()), identifier)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def face(x: float = 0.0, size: float = 100.0, look: float | None = ANN) -> Face:
    embedding: Embedding | None = None if look is None else looks(look)
    return face_at(x, size=size, embedding=embedding)


def test_a_face_is_compared_as_pooled_and_as_it_is_now(scene: Scene) -> None:
    scene.analyzer.faces = [face(look=ANN + 8)]
    scene.pipeline.look(frame_at(0.0))
    scene.analyzer.faces = [face(look=ANN)]
    (sighting,) = scene.pipeline.look(frame_at(0.1))
    assert (sighting.track, sighting.visit, sighting.frames, sighting.usable) == (1, 1, 2, True)
    assert sighting.pooled is not None
    assert sighting.own is not None
    assert sighting.pooled.score == pytest.approx(float(looks(ANN) @ looks(4)))
    assert sighting.own.score == pytest.approx(1.0)
    assert (sighting.pooled.threshold, sighting.own.threshold) == (0.95, 0.9)


def test_the_same_picture_again_is_no_further_evidence(scene: Scene) -> None:
    scene.analyzer.faces = [face(look=ANN + 20)]
    sightings = [scene.pipeline.look(frame_at(i / 10))[0] for i in range(10)]
    scores = [sighting.pooled.score for sighting in sightings if sighting.pooled]
    thresholds = [sighting.pooled.threshold for sighting in sightings if sighting.pooled]
    assert scores == pytest.approx([float(looks(ANN) @ looks(20))] * 10)
    assert thresholds == sorted(thresholds), "more frames never ask for less"


def test_only_the_nearest_face_is_embedded(scene: Scene) -> None:
    scene.analyzer.faces = [face(0, size=50), face(300, size=120), face(600, size=80)]
    sightings = scene.pipeline.look(frame_at(0.0))
    assert scene.analyzer.described == [120.0]
    assert [sighting.usable for sighting in sightings] == [False, True, False]
    assert [sighting.box for sighting in sightings] == [known.box for known in scene.analyzer.faces]


def test_a_face_too_poor_to_embed_is_seen_and_says_nothing(scene: Scene) -> None:
    scene.analyzer.faces = [face(look=ANN)]
    scene.pipeline.look(frame_at(0.0))
    scene.analyzer.faces = [face(look=None)]
    (sighting,) = scene.pipeline.look(frame_at(0.1))
    assert (sighting.track, sighting.frames, sighting.usable) == (1, 1, False)
    assert (sighting.pooled, sighting.own) == (None, None)


def test_somebody_who_steps_in_is_seen_on_a_track_of_their_own(scene: Scene) -> None:
    scene.analyzer.faces = [face(look=ANN)]
    scene.pipeline.look(frame_at(0.0))
    scene.analyzer.faces = [face(look=BEN)]
    (sighting,) = scene.pipeline.look(frame_at(0.1))
    assert (sighting.track, sighting.visit, sighting.frames) == (2, 2, 1)
    assert sighting.pooled == sighting.own


def test_a_still_empty_scene_is_searched_now_and_then_only(scene: Scene) -> None:
    scene.motion.moving = False
    for i in range(100):
        assert scene.pipeline.look(frame_at(i / 10)) == ()
    assert scene.analyzer.searched == 10 / LOOK_ANYWAY_SECONDS


def test_after_motion_every_frame_is_searched_for_a_while(scene: Scene) -> None:
    scene.pipeline.look(frame_at(0.0))
    scene.motion.moving = False
    for i in range(1, 11):
        scene.pipeline.look(frame_at(i / 10 * KEEP_LOOKING_SECONDS))
    assert scene.analyzer.searched == 11


def test_whoever_stands_still_is_looked_at_in_every_frame(scene: Scene) -> None:
    scene.motion.moving = False
    scene.analyzer.faces = [face()]
    for i in range(50):
        assert len(scene.pipeline.look(frame_at(i / 10))) == 1


def test_a_still_scene_is_let_go_once_the_face_has_been_gone_for_a_moment(scene: Scene) -> None:
    scene.motion.moving = False
    scene.analyzer.faces = [face()]
    scene.pipeline.look(frame_at(0.0))
    scene.analyzer.faces = []
    for i in range(1, 100):
        assert scene.pipeline.look(frame_at(i / 10)) == ()
    assert scene.analyzer.searched < 30
