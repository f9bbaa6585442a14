"""Int8 ranges are measured on training images, and on enough of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.data.dataset import load_dataset
from converter.tflite.calibration import checked, from_training, picture
from edgegate.errors import ModelError, UsageError
from tests.support.converter.tiny_tracker import SIZE


def test_training_images_are_taken_as_the_daemon_sees_them(tiny_data: Path) -> None:
    dataset = load_dataset(tiny_data)
    pictures = from_training(dataset, SIZE, 60)
    assert len(pictures) == 60
    assert {(one.shape, one.dtype) for one in pictures} == {((SIZE, SIZE, 3), np.dtype(np.uint8))}
    first, last = (picture(str(dataset.splits["train"][index].image), SIZE) for index in (0, -1))
    assert np.array_equal(pictures[0], first)
    assert np.array_equal(pictures[-1], last)
    assert checked(pictures) == pictures


def test_fewer_than_fifty_are_refused(tiny_data: Path) -> None:
    pictures = from_training(load_dataset(tiny_data), SIZE)
    with pytest.raises(ModelError, match="at least 50 different training images, and has 49; add photos"):
        checked(pictures[:49])
    with pytest.raises(ModelError, match="and has 3;"):
        checked(pictures[:3] * 40)


def test_random_numbers_are_refused() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(ModelError, match="random numbers"):
        checked(list(rng.integers(0, 256, (60, SIZE, SIZE, 3), np.uint8)))


def test_grainy_photographs_are_not_taken_for_random(tiny_data: Path) -> None:
    rng = np.random.default_rng(1)
    pictures = np.stack(from_training(load_dataset(tiny_data), SIZE)).astype(float)
    grainy = np.clip(pictures + rng.normal(0, 20, pictures.shape), 0, 255).astype(np.uint8)
    assert len(checked(grainy)) == len(pictures)


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no")
    with pytest.raises(UsageError, match=r"a\.jpg: cannot be read as a picture"):
        picture(str(tmp_path / "a.jpg"), SIZE)
