"""The losses that embedders learn by, against the formulas written out; and a run that was interrupted."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from converter.compositions.portraits import varied_chips
from converter.data.dataset import Dataset, Sample, Split, load_dataset, writing
from converter.data.people import WHOLE
from converter.data.pictures import encode
from converter.training.lessons import ByPerson, lesson_of
from converter.training.settings import TrainSettings
from converter.training.train import Trained, train
from edgegate.types import Image

pytestmark = pytest.mark.train

LABELS = np.array([0, 0, 1, 1, 1, 2], np.int32)


def embeddings(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (len(LABELS), 5)).astype(np.float32)


def distances(values: np.ndarray) -> np.ndarray:
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(np.square(unit[:, None] - unit[None]).sum(axis=-1))


@pytest.mark.parametrize("seed", range(4))
def test_the_negative_of_a_triplet_is_the_nearest_beyond_the_positive(seed: int) -> None:
    from converter.training.losses import SemiHardTriplets  # noqa: PLC0415

    values = embeddings(seed)
    apart = distances(values)
    expected = []
    for anchor, label in enumerate(LABELS):
        losses = []
        for positive in np.flatnonzero((label == LABELS) & (np.arange(len(LABELS)) != anchor)):
            others = apart[anchor][label != LABELS]
            beyond = others[others > apart[anchor, positive]]
            negative = beyond.min() if len(beyond) else others.max()
            losses.append(max(0.0, apart[anchor, positive] - negative + 0.2))
        expected.append(np.mean(losses) if losses else 0.0)
    assert np.asarray(SemiHardTriplets(reduction=None)(LABELS, values)) == pytest.approx(expected, abs=1e-5)


def test_the_additive_margin_is_taken_from_the_right_cosine_alone() -> None:
    from converter.training.losses import AdditiveMargin  # noqa: PLC0415

    cosines = np.array([[0.9, 0.1, -0.2], [0.3, 0.4, 0.5]], np.float32)
    logits = 30 * (cosines - 0.35 * np.eye(3)[[0, 1]])
    expected = np.log(np.exp(logits).sum(axis=1)) - logits[[0, 1], [0, 1]]
    assert np.asarray(AdditiveMargin(reduction=None)(np.array([0, 1]), cosines)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_order_is_the_share_of_pairs_of_pairs_that_are_right(seed: int) -> None:
    from converter.training.metrics import PairOrder  # noqa: PLC0415

    values = embeddings(seed)
    apart, (one, other) = distances(values), np.triu_indices(len(LABELS), 1)
    same = LABELS[one] == LABELS[other]
    genuine, impostor = apart[one, other][same], apart[one, other][~same]
    metric = PairOrder()
    metric.update_state(LABELS, values)
    metric.update_state(np.arange(6), values)  # without pairs of one person it counts for nothing
    assert float(metric.result()) == pytest.approx((genuine[:, None] < impostor[None]).mean(), abs=1e-6)


def test_pictures_of_one_person_come_side_by_side_and_every_one_once() -> None:
    labels = np.repeat(np.arange(5), 7).astype(np.int32)
    order = ByPerson(4)(labels, np.random.default_rng(1))
    assert sorted(order.tolist()) == list(range(35))
    runs = np.split(labels[order], np.flatnonzero(np.diff(labels[order])) + 1)
    assert min(map(len, runs)) >= 3
    assert not np.array_equal(order, ByPerson(4)(labels, np.random.default_rng(2)))


def test_people_of_the_validation_are_judged_by_triplets_whatever_taught() -> None:
    lesson = lesson_of("embedder", "additive_margin")
    assert lesson.outputs == ("embedding", "identity")
    assert lesson.unheard == {"train": ("embedding",), "valid": ("identity",)}


SETTINGS = TrainSettings(
    design="embedder/mobilefacenet", width=0.125, head=16, epochs=2, batch_size=12, loss="additive_margin", together=3
)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Six drawn people of six chips each: four to learn, one to validate, one to test."""
    folder = tmp_path_factory.mktemp("people") / "dataset"
    homes: tuple[Split, ...] = ("train", "train", "train", "train", "valid", "valid", "test", "test")
    with writing(folder, ("unknown", *(f"person {number}" for number in range(len(homes))))) as writer:
        for number, split in enumerate(homes):
            for index, chip in enumerate(varied_chips(6, number, "arcface-112")):
                content, suffix = encode(chip, lossless=True)
                name = Path(f"{number}_{index}.png")
                writer.add(split, Sample(name, number + 1, WHOLE, f"person {number}"), content, suffix)
    return load_dataset(folder)


class Interrupts:
    """Alters nothing, and ends the run in an epoch."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch

    def __call__(
        self, image: Image, box: tuple[float, float, float, float] | None, *key: int
    ) -> tuple[Image, tuple[float, float, float, float] | None]:
        if key[0] == self._epoch:
            raise RuntimeError("somebody pulled the plug")
        return image, box


@pytest.fixture(scope="module")
def whole(people: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run that nothing interrupted."""
    return train(SETTINGS, people, tmp_path_factory.mktemp("runs") / "whole", Interrupts(99))


def test_an_embedder_learns_by_people_and_is_kept_without_them(whole: Trained) -> None:
    import keras  # noqa: PLC0415

    figures = whole.history[0]
    assert {"identity_loss", "val_embedding_order", "val_loss"} <= figures.keys()
    assert figures["val_loss"] == pytest.approx(figures["val_embedding_loss"], rel=0.05)
    assert figures["loss"] == pytest.approx(figures["identity_loss"], rel=0.05)
    model = keras.models.load_model(whole.model_path, compile=False)
    assert set(model.output) == {"embedding"}


@pytest.mark.full
def test_an_embedder_that_was_interrupted_goes_on(whole: Trained, people: Dataset, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="pulled the plug"):  # TensorFlow wraps what a generator raises
        train(SETTINGS, people, tmp_path / "broken", Interrupts(1))
    assert train(SETTINGS, people, tmp_path / "broken", Interrupts(99)).history == whole.history


def test_what_a_design_freezes_it_freezes_only_with_weights() -> None:
    settings = TrainSettings(design="classifier/vgg16")
    assert settings.stays == ()
    assert dataclasses.replace(settings, weights="imagenet").stays == ("block", "fc")
    assert dataclasses.replace(settings, weights="imagenet", frozen=("block1",)).stays == ("block1",)
