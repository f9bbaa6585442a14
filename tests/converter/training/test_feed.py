"""Pictures reach the network stretched as the daemon stretches them, each once an epoch, in the seed's order."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from converter.data.augment import Augmenter
from converter.data.compact import UnitBox
from converter.data.dataset import Sample
from converter.training.feed import Pictures, epoch_batches, read_pictures
from converter.training.lessons import lesson_of
from edgegate.errors import EdgegateError
from edgegate.types import Image
from edgegate.vision.preprocess import stretch

SIZE = 24


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    rng = np.random.default_rng(0)
    found = []
    for number in range(10):
        image = rng.integers(0, 256, (48, 64, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
        box = (0.25, 0.25, 0.5, 0.75) if number % 2 else None
        found.append(Sample(tmp_path / f"{number}.png", number % 2, box, "one shooting"))
    return found


@pytest.fixture
def pictures(samples: list[Sample]) -> Pictures:
    return read_pictures(samples, SIZE)


def test_they_are_what_the_daemon_makes_of_a_frame(samples: list[Sample], pictures: Pictures) -> None:
    frame = np.asarray(cv2.imread(str(samples[3].image)), np.uint8)
    np.testing.assert_array_equal(pictures.images[3], stretch(frame, SIZE))
    assert pictures.boxes[3].tolist() == [0.25, 0.25, 0.5, 0.75]
    assert pictures.faces.tolist() == [False, True] * 5


def test_an_epoch_has_each_once_and_another_epoch_another_order(pictures: Pictures) -> None:
    first, again, second = (_order(pictures, epoch) for epoch in (0, 0, 1))
    assert sorted(first) == sorted(map(_mark, pictures.images))
    assert first == again
    assert first != second


def test_the_last_batch_is_what_is_left(pictures: Pictures) -> None:
    assert [len(images) for images, _, _ in epoch_batches(pictures, 4, 0, 0, None)] == [4, 4, 2]


def test_boxes_weigh_nothing_where_there_is_no_face(pictures: Pictures) -> None:
    for _, truth, weights in epoch_batches(pictures, 4, 0, 0, None):
        np.testing.assert_array_equal(weights["box"], truth["class"])
        np.testing.assert_array_equal(weights["class"], 1)


def test_boxes_of_nobody_are_pulled_to_zero_where_a_course_wants_it(pictures: Pictures) -> None:
    lesson = lesson_of("tracker", empty_boxes="zero")
    for _, truth, weights in epoch_batches(pictures, 4, 0, 0, None, lesson):
        np.testing.assert_array_equal(weights["box"], 1)
        assert not truth["box"][truth["class"] == 0].any()


def test_augmentation_is_another_each_epoch_and_the_same_each_time(pictures: Pictures) -> None:
    pytest.importorskip("albumentations")
    kept = pictures.images.copy()
    one, same, later = (next(epoch_batches(pictures, 10, 0, epoch, Augmenter(seed=4)))[0] for epoch in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(np.sort(one.sum(axis=(1, 2, 3))), np.sort(later.sum(axis=(1, 2, 3))))
    np.testing.assert_array_equal(pictures.images, kept)


def test_a_face_that_augmentation_loses_is_no_face(pictures: Pictures) -> None:
    def without_face(image: Image, box: UnitBox | None, *key: int) -> tuple[Image, UnitBox | None]:
        return image, None

    for _, truth, weights in epoch_batches(pictures, 4, 0, 0, without_face):
        assert not weights["box"].any()
        assert not truth["box"].any()


def test_another_picture_is_other_data(pictures: Pictures) -> None:
    before = pictures.sha256
    pictures.images[0, 0, 0, 0] ^= 1
    assert pictures.sha256 != before


def test_a_picture_that_cannot_be_read_is_named(samples: list[Sample]) -> None:
    samples[2].image.write_bytes(b"no picture")
    with pytest.raises(EdgegateError, match=r"2\.png"):
        read_pictures(samples, SIZE)


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(EdgegateError, match="split"):
        read_pictures([], SIZE)


def _order(pictures: Pictures, epoch: int) -> list[float]:
    return [_mark(image) for images, _, _ in epoch_batches(pictures, 4, 7, epoch, None) for image in images]


def _mark(image: Image) -> float:
    """As good as a name: no two random pictures have the same sum."""
    return float(image.astype(np.float64).sum())
