"""The classifier at the door: what it sees of a face, whom it names, and what it is not asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from converter.data.cutting import cutter
from edgegate.errors import ModelError
from edgegate.types import Box, Frame, Prediction
from edgegate.vision.analyzer import Analyzer
from edgegate.vision.classes import Probabilities
from edgegate.vision.classifier import ClassifierAlone, ClassifierNetwork, ClassifierPredictions
from edgegate.vision.faces import Face, FaceFault, Quality
from edgegate.vision.packs import Pack, load_pack, shipped
from edgegate.vision.preprocess import stretch
from edgegate.vision.tflite import Model, Runtime
from tests.support.door_scenes import stills
from tests.support.linear_packs import write_classifier_pack

LABELS = ("unknown", "Ann", "Ben")
PACK = load_pack(shipped("face-tracker"), "tracker")
FRAME = Frame(0.0, 0, np.zeros((480, 640, 3), np.uint8))
GOOD, BLURRED = Quality(120, 0.5, 100, 0, 0.8), Quality(120, 0.0, 100, 0, 0.0, (FaceFault.BLURRED,))


@dataclass
class FakeNetwork:
    """Answers whatever it was last told to."""

    probabilities: Sequence[float] = (0.0, 0.75, 0.25)
    labels: tuple[str, ...] = LABELS
    pack: Pack = PACK
    asked: list[Box] = field(default_factory=list)

    def classify(self, _frame: Frame, face: Face) -> Probabilities:
        self.asked.append(face.box)
        return np.array(self.probabilities, np.float32)


@dataclass
class FakeAnalyzer:
    """Finds the same faces in every frame, all of one quality, and counts its embeddings."""

    quality: Quality = GOOD
    embedded: int = 0

    def detect(self, _frame: Frame) -> tuple[Face, ...]:
        return (FACE, OTHER)

    def judge(self, _frame: Frame, face: Face) -> Face:
        return replace(face, quality=self.quality)

    def describe(self, frame: Frame, face: Face) -> Face:
        judged = self.judge(frame, face)
        if not self.quality.usable:
            return judged
        self.embedded += 1
        return replace(judged, embedding=np.ones(1, np.float32))


FACE = Face(Box(100, 100, 300, 300), 0.9, np.zeros((4, 2), np.float32))
OTHER = Face(Box(400, 100, 500, 200), 0.9, np.zeros((4, 2), np.float32))


@pytest.mark.parametrize(
    ("probabilities", "confidence", "prediction"),
    [
        ((0.0, 0.75, 0.25), 0.5, Prediction("Ann", 0.75)),
        ((0.25, 0.25, 0.5), 0.5, Prediction("Ben", 0.5)),
        ((0.25, 0.25, 0.5), 0.75, Prediction(None, 0.5)),
        ((0.75, 0.25, 0.0), 0.5, Prediction(None, 0.75)),
        ((0.5, 0.5, 0.0), 0.5, Prediction(None, 0.5)),
    ],
    ids=["sure", "just sure", "not sure enough", "unknown", "as likely unknown"],
)
def test_a_class_is_claimed_from_the_threshold_on(
    probabilities: tuple[float, ...], confidence: float, prediction: Prediction
) -> None:
    described = ClassifierPredictions(FakeAnalyzer(), FakeNetwork(probabilities), confidence).describe(FRAME, FACE)
    assert described.prediction == prediction
    assert described.embedding is not None


def test_only_the_face_that_is_described_costs_anything() -> None:
    network = FakeNetwork()
    naming = ClassifierPredictions(FakeAnalyzer(), network, 0.5)
    faces = naming.detect(FRAME)
    assert ([face.prediction for face in faces], network.asked) == ([None, None], [])
    naming.describe(FRAME, faces[0])
    assert network.asked == [FACE.box]


@pytest.mark.parametrize(
    "way", [lambda a, n: ClassifierPredictions(a, n, 0.5), ClassifierAlone], ids=["confirmed", "alone"]
)
def test_a_face_that_is_not_good_enough_is_not_shown_to_it(
    way: Callable[[FakeAnalyzer, FakeNetwork], ClassifierPredictions | ClassifierAlone],
) -> None:
    network = FakeNetwork()
    described = way(FakeAnalyzer(BLURRED), network).describe(FRAME, FACE)
    assert (described.embedding, described.prediction, network.asked) == (None, None, [])


def test_alone_its_classes_stand_for_the_embedding_and_none_is_made() -> None:
    analyzer = FakeAnalyzer()
    described = ClassifierAlone(analyzer, FakeNetwork((0.0, 0.6, 0.8))).describe(FRAME, FACE)
    assert described.embedding == pytest.approx([0.0, 0.6, 0.8])
    assert (described.prediction, described.quality, analyzer.embedded) == (None, GOOD, 0)


# A real one.


@pytest.fixture(scope="module", params=[0.2, None], ids=["cut out", "aligned"])
def folder(request: pytest.FixtureRequest, analyzer: Analyzer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that knows one person from another, cut out by a margin, or aligned."""
    size, margin = (32, request.param) if request.param is not None else (112, None)
    spec = replace(
        load_pack(shipped("face-embedder"), "embedder").input, width=size, height=size, template="arcface-112"
    )
    cut = cutter(replace(spec, margin=margin))
    crops = []
    for name, label in (("far", 1), ("enrolled", 1), ("stranger", 0)):
        crop = cut(stills()[name], analyzer.detect(Frame(0.0, 0, stills()[name]))[0].box)
        assert crop is not None
        crops.append((crop, label))
    folder = tmp_path_factory.mktemp("packs") / "linear"
    return write_classifier_pack(folder, ("unknown", "Ann"), crops, margin=margin)


@pytest.mark.parametrize(("still", "index"), [("enrolled", 1), ("stranger", 0)])
def test_it_sees_the_very_pixels_that_the_converter_trained_it_with(
    folder: Path, still: str, index: int, analyzer: Analyzer, runtime: Runtime
) -> None:
    model = Model(load_pack(folder, "classifier"), runtime=runtime)
    frame = Frame(0.0, 0, stills()[still])
    face = analyzer.judge(frame, analyzer.detect(frame)[0])
    crop = cutter(model.pack.input)(frame.image, face.box)
    assert crop is not None
    expected = model.run(stretch(crop, model.pack.input.width))["class_probs"][0]
    given = ClassifierNetwork(model).classify(frame, face)
    assert np.array_equal(given, expected)
    assert given[index] > 0.9


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda pack: replace(pack, labels=("unknown",)), "1 labels for classes of shape"),
        (lambda pack: replace(pack, labels=("Ann", "unknown")), "first label must be 'unknown'"),
        (lambda pack: replace(pack, labels=("unknown", "unknown")), "two of its labels are the same"),
    ],
)
def test_a_card_that_does_not_fit_the_network_is_refused(
    folder: Path, change: Callable[[Pack], Pack], reason: str
) -> None:
    with pytest.raises(ModelError, match=reason):
        ClassifierNetwork(Model(change(load_pack(folder, "classifier"))))
