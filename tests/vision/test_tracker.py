"""The tracker network: what its answer is, whom it is about, and which answers name nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgegate.errors import ModelError
from edgegate.types import Box, Frame, Image, Prediction
from edgegate.vision.faces import Face
from edgegate.vision.packs import Pack, load_pack, shipped
from edgegate.vision.preprocess import stretch
from edgegate.vision.tflite import Model, Runtime
from edgegate.vision.tracker import TrackerAlone, TrackerNetwork, TrackerOutput, TrackerPredictions, enlarged
from tests.support.door_scenes import STILLS, stills
from tests.support.linear_packs import write_tracker_pack

LABELS = ("unknown", "Ann", "Ben")
BOX = Box(100, 100, 200, 200)
FRAME = Frame(0.0, 0, np.zeros((480, 640, 3), np.uint8))
PACK = load_pack(shipped("face-tracker"), "tracker")


@dataclass
class FakeNetwork:
    """Answers whatever it was last told to."""

    probabilities: Sequence[float] = (0.0, 0.95, 0.05)
    box: Box | None = BOX
    labels: tuple[str, ...] = LABELS
    pack: Pack = PACK
    looks: int = 0

    def look(self, _frame: Frame) -> TrackerOutput:
        self.looks += 1
        return TrackerOutput(np.array(self.probabilities, np.float32), self.box)


@dataclass
class FakeAnalyzer:
    """Finds the same faces in every frame."""

    faces: tuple[Face, ...]

    def detect(self, _frame: Frame) -> tuple[Face, ...]:
        return self.faces

    def describe(self, _frame: Frame, face: Face) -> Face:
        return replace(face, embedding=np.ones(1, np.float32))


def face(x: float, y: float = 150, size: float = 90) -> Face:
    return Face(Box(x - size / 2, y - size / 2, x + size / 2, y + size / 2), 0.9, np.zeros((4, 2), np.float32))


def names(network: FakeNetwork, *faces: Face) -> list[str | None]:
    found = TrackerPredictions(FakeAnalyzer(faces), network, confidence=0.9).detect(FRAME)
    assert [f.box for f in found] == [f.box for f in faces]
    return [f.prediction.name if f.prediction else "no claim" for f in found]


# Whom a claim is about.


def test_the_only_face_in_the_box_bears_the_name_and_the_others_bear_none() -> None:
    assert names(FakeNetwork(), face(400, size=200), face(150)) == [None, "Ann"]


def test_the_box_is_taken_slightly_larger_than_it_is() -> None:
    assert enlarged(BOX) == Box(75, 75, 225, 225)
    assert names(FakeNetwork(), face(224)) == ["Ann"]
    assert names(FakeNetwork(), face(226)) == [None]


def test_two_faces_in_the_box_bear_no_name() -> None:
    assert names(FakeNetwork(), face(120), face(190, size=60)) == [None, None]


@pytest.mark.parametrize(
    "network",
    [
        pytest.param(FakeNetwork((0.95, 0.05, 0.0)), id="class 0"),
        pytest.param(FakeNetwork((0.0, 0.89, 0.11)), id="not sure enough"),
        pytest.param(FakeNetwork((0.0, float("nan"), 0.0)), id="no number"),
        pytest.param(FakeNetwork(box=None), id="no box"),
        pytest.param(FakeNetwork(box=Box(400, 300, 500, 400)), id="no face in the box"),
    ],
)
def test_what_names_nobody(network: FakeNetwork) -> None:
    assert names(network, face(150)) == [None]


def test_a_claim_keeps_how_sure_the_network_was_whomever_it_names() -> None:
    for network, prediction in (
        (FakeNetwork((0.25, 0.75, 0.0)), Prediction(None, 0.75)),
        (FakeNetwork((0.0, 0.0, 1.0)), Prediction("Ben", 1.0)),
    ):
        (found,) = TrackerPredictions(FakeAnalyzer((face(150),)), network, 0.9).detect(FRAME)
        assert found.prediction == prediction


def test_a_description_keeps_the_prediction() -> None:
    naming = TrackerPredictions(FakeAnalyzer((face(150),)), FakeNetwork(), 0.9)
    (found,) = naming.detect(FRAME)
    described = naming.describe(FRAME, found)
    assert described.prediction == found.prediction
    assert described.embedding is not None


def test_where_nobody_is_nobody_is_asked_after() -> None:
    network = FakeNetwork()
    assert names(network) == []
    assert network.looks == 0


# The network alone.


def test_alone_its_box_is_the_face_and_its_classes_what_it_looks_like() -> None:
    (found,) = TrackerAlone(FakeNetwork((0.0, 0.6, 0.8)), min_size=40).detect(FRAME)
    assert (found.box, found.prediction) == (BOX, None)
    assert found.score == pytest.approx(0.8)
    assert found.embedding == pytest.approx([0.0, 0.6, 0.8])


def test_alone_a_small_face_says_nothing_about_who_it_is() -> None:
    (found,) = TrackerAlone(FakeNetwork(), min_size=101).detect(FRAME)
    assert found.embedding is None


@pytest.mark.parametrize("network", [FakeNetwork((0.9, 0.1, 0.0)), FakeNetwork(box=None)])
def test_alone_class_0_and_an_empty_box_are_nobody(network: FakeNetwork) -> None:
    assert TrackerAlone(network, min_size=40).detect(FRAME) == ()


# A real one.


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that knows one person, where three stills show her."""
    boxes = {"far": Box(265, 170, 335, 240), "enrolled": Box(250, 145, 370, 265)}
    examples = [(stills()[name], int(name in boxes), boxes.get(name)) for name in STILLS]
    return write_tracker_pack(tmp_path_factory.mktemp("packs") / "linear", ("unknown", "Ann"), examples)


def load(folder: Path, runtime: Runtime = "auto") -> TrackerNetwork:
    return TrackerNetwork(Model(load_pack(folder, "tracker"), runtime=runtime))


def test_it_names_and_finds_whom_it_knows_in_pixels_of_the_frame(folder: Path, runtime: Runtime) -> None:
    network = load(folder, runtime)
    assert network.labels == ("unknown", "Ann")
    guess = network.look(Frame(0.0, 0, stills()["enrolled"]))
    assert (guess.index, guess.confidence > 0.9) == (1, True)
    assert guess.box is not None
    assert guess.box.iou(Box(250, 145, 370, 265)) > 0.9
    assert network.look(Frame(0.0, 0, stills()["stranger"])).index == 0


def test_it_looks_at_the_preview_if_there_is_one(folder: Path) -> None:
    small = stills()["enrolled"]
    large = np.asarray(cv2.resize(small, (1280, 960)), np.uint8)
    black: Image = np.zeros_like(large)
    guess = load(folder).look(Frame(0.0, 0, black, preview=small))
    assert guess.index == 1
    assert guess.box is not None
    assert guess.box.iou(Box(500, 290, 740, 530)) > 0.9


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda pack: replace(pack, labels=("unknown",)), "1 labels for classes of shape"),
        (lambda pack: replace(pack, labels=("Ann", "unknown")), "first label must be 'unknown'"),
        (lambda pack: replace(pack, input=replace(pack.input, colour="bgr")), "not RGB"),
    ],
)
def test_a_card_that_does_not_fit_the_network_is_refused(
    folder: Path, change: Callable[[Pack], Pack], reason: str
) -> None:
    with pytest.raises(ModelError, match=reason):
        TrackerNetwork(Model(change(load_pack(folder, "tracker"))))


def test_a_frame_is_stretched_to_rgb_with_every_pixel_in_it() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    image[:, ::2] = (0, 0, 255)  # red in BGR, every other column: bilinear sampling would see all or nothing
    small = stretch(image, 120)
    assert small.shape == (120, 120, 3)
    assert np.all(small[..., 1:] == 0)
    assert np.abs(small[..., 0].astype(int) - 128).max() <= 26
    assert stretch(image[:40, :40], 120).shape == (120, 120, 3)
