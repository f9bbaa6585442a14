"""Simple models answer as scikit-learn's do, as layers and inside a pack's own file too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.compositions.portraits import varied_chips
from converter.tflite import runtime
from converter.tflite.graft import graft
from converter.tflite.quantize import quantize
from converter.training.simple import Labels, Learner, Linear, Matrix, Nearest, fit
from edgegate.errors import EdgegateError, ModelError
from edgegate.vision.packs import load_pack, shipped
from edgegate.vision.tflite import Model

pytestmark = pytest.mark.train

LEARNERS: tuple[Learner, ...] = ("logistic_regression", "linear_svm", "knn")


def cloud(seed: int, classes: int, each: int = 12, numbers: int = 6) -> tuple[Matrix, Labels]:
    """Points around one centre a class, which overlap a little."""
    centres = np.random.default_rng(99).normal(0, 1, (classes, numbers))
    labels = np.repeat(np.arange(classes), each).astype(np.int32)
    return centres[labels] + np.random.default_rng(seed).normal(0, 0.7, (len(labels), numbers)), labels


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("learner", LEARNERS)
def test_the_layers_answer_as_the_model_does(learner: Learner, classes: int) -> None:
    model = fit(learner, cloud(1, classes), cloud(2, classes), classes)
    points, labels = cloud(3, classes)
    expected = model.probabilities(points)
    assert expected.sum(axis=1) == pytest.approx(1)
    assert (expected.argmax(axis=1) == labels).mean() > 1.5 / classes
    given = model.layers().predict_on_batch(points.astype(np.float32))["class_probs"]
    assert np.asarray(given) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_linear_ones_are_scikit_learns(classes: int) -> None:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    train, points = cloud(1, classes), cloud(3, classes)[0]
    model = fit("logistic_regression", train, cloud(2, classes), classes)
    mean, spread = train[0].mean(axis=0), train[0].std() + 1e-12
    candidates = [
        LogisticRegression(C=strength, max_iter=2000).fit((train[0] - mean) / spread, train[1])
        for strength in (0.001, 0.01, 0.1, 1.0, 10.0)
    ]
    given = model.probabilities(points)
    assert min(np.abs(one.predict_proba((points - mean) / spread) - given).max() for one in candidates) < 1e-9


def test_the_neighbours_are_scikit_learns() -> None:
    from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415

    model = fit("knn", cloud(1, 3), cloud(2, 3), 3)
    assert isinstance(model, Nearest)
    other = KNeighborsClassifier(model.k, metric="cosine", algorithm="brute").fit(*cloud(1, 3))
    points = cloud(3, 3)[0]
    assert model.probabilities(points) == pytest.approx(other.predict_proba(points))


@pytest.mark.parametrize("each", [1, 3, 20])
def test_a_machine_that_makes_no_mistake_is_no_surer_than_its_photos_bear_out(each: int) -> None:
    draw = np.random.default_rng(5)
    centres = draw.normal(0, 1, (5, 128))  # people far apart, as an embedder's features are

    def photos(count: int) -> tuple[Matrix, Labels]:
        labels = np.repeat(np.arange(5), count).astype(np.int32)
        return centres[labels] + draw.normal(0, 0.3, (len(labels), 128)), labels

    train, valid, (asked, labels) = photos(each), photos(max(1, each // 4)), photos(10)
    model = fit("linear_svm", train, valid, 5)
    given, strangers = model.probabilities(asked), model.probabilities(draw.normal(0, 1, (200, 128)))
    assert (given.argmax(axis=1) == labels).all()
    photos_of_each = each + max(1, each // 4) if each > 1 else 1
    proven = (photos_of_each + 1) / (photos_of_each + 2)  # as Platt's targets have it
    assert given.max(axis=1).mean() == pytest.approx(proven, abs=0.12)
    assert given.max(axis=1).min() > 0.5  # named, as is taught
    assert strangers.max(axis=1).max() < 0.95  # it was 1.000 with a temperature that had nothing to hold it
    assert np.median(strangers.max(axis=1)) < given.max(axis=1).min()


def test_a_class_without_training_pictures_is_told() -> None:
    points, labels = cloud(1, 3)
    with pytest.raises(EdgegateError, match=r"classes \[2\] have no training pictures"):
        fit("knn", (points[labels < 2], labels[labels < 2]), cloud(2, 3), 3)


@pytest.mark.parametrize("learner", LEARNERS)
def test_in_a_packs_file_it_answers_as_beside_it(learner: Learner, tmp_path: Path) -> None:
    pack = load_pack(shipped("face-embedder"), "embedder")
    chips = np.stack(list(varied_chips(24, 5)))
    features = np.concatenate([Model(pack).run(chip)["embedding"] for chip in chips]).astype(np.float64)
    labels = np.resize(np.arange(3), 24).astype(np.int32)
    model = fit(learner, (features, labels), (features, labels), 3)
    blob = graft(pack.model.read_bytes(), quantize(model.layers(), "float32"))
    run = runtime.run(blob, chips, 3, task="classifier")
    assert run.answers.classes == pytest.approx(model.probabilities(features), abs=1e-3)
    assert len(blob) < pack.model.stat().st_size + 100_000


def test_what_does_not_fit_is_not_joined() -> None:
    body = shipped("face-embedder").joinpath("model.tflite").read_bytes()
    head = quantize(Linear(np.ones((5, 3)), np.zeros(3)).layers(), "float32")
    with pytest.raises(ModelError, match=r"gives \[1, 128\] does not fit one that takes \[1, 5\]"):
        graft(body, head)
    with pytest.raises(ModelError, match="one output"):
        graft(shipped("face-detector").joinpath("model.tflite").read_bytes(), head)
