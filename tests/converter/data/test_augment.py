"""Altered pictures: the box stays on the face, and the same seed gives the same bytes in any order and process."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter.cli import main
from converter.data.augment import Augmentation, Augmenter, augment_dataset
from converter.data.compact import UnitBox
from converter.data.dataset import Dataset, Sample, load_dataset, save_dataset
from converter.data.problems import DataError
from edgegate.types import Box, Image
from tests.support.converter.labelled_photos import PEOPLE, SIZE, photo, room, write

pytestmark = pytest.mark.train


def marked(box: UnitBox) -> Image:
    """A bright ellipse in a box, in an otherwise dark picture: where it went can be measured."""
    image = np.full((SIZE[1], SIZE[0], 3), 20, np.uint8)
    x1, y1, x2, y2 = box[0] * SIZE[0], box[1] * SIZE[1], box[2] * SIZE[0], box[3] * SIZE[1]
    centre, axes = (round((x1 + x2) / 2), round((y1 + y2) / 2)), (round((x2 - x1) / 2), round((y2 - y1) / 2))
    return np.asarray(cv2.ellipse(image, centre, axes, 0, 0, 360, (235, 235, 235), -1), np.uint8)


def where(image: Image) -> UnitBox:
    bright = np.asarray(cv2.medianBlur(image[..., 1], 5)) > 110
    rows, columns = (np.flatnonzero(bright.any(axis=axis)) for axis in (1, 0))
    (y1, y2), (x1, x2) = (rows[0], rows[-1] + 1), (columns[0], columns[-1] + 1)
    return x1 / SIZE[0], y1 / SIZE[1], x2 / SIZE[0], y2 / SIZE[1]


def overlap(one: UnitBox, other: UnitBox) -> float:
    return Box(*one).iou(Box(*other))


def test_the_box_follows_the_face() -> None:
    augment = Augmenter(Augmentation(brightness=0.1, contrast=0.1, gamma=0.1), seed=1)
    box = (0.3, 0.2, 0.55, 0.65)
    image = marked(box)
    moved, overlaps = 0, []
    for number in range(120):
        altered, new = augment(image, box, number)
        assert altered.shape == image.shape
        assert new is not None
        moved += overlap(box, new) < 0.8
        overlaps.append(overlap(where(altered), new))
    assert moved > 40
    assert min(overlaps) > 0.75
    assert np.mean(overlaps) > 0.9


def test_a_box_at_the_edge_stays_in_the_picture_and_mostly_visible() -> None:
    augment = Augmenter(Augmentation(rotation=45), seed=2)
    box = (0.0, 0.7, 0.2, 1.0)
    for number in range(60):
        new = augment(marked(box), box, number)[1]
        assert new is not None
        assert 0 <= new[0] < new[2] <= 1
        assert 0 <= new[1] < new[3] <= 1


def test_nobody_stays_nobody() -> None:
    altered, box = Augmenter(seed=3)(room(1), None, 0)
    assert box is None
    assert altered.shape == room(1).shape
    assert (altered != room(1)).any()


def test_nothing_at_all_is_the_picture_itself() -> None:
    nothing = Augmentation(
        crop=0, flip=False, brightness=0, contrast=0, gamma=0, colour=0, rotation=0, blur=0, noise=0, jpeg=0
    )
    altered, box = Augmenter(nothing)(room(1), (0.1, 0.1, 0.5, 0.5), 4)
    assert (altered == room(1)).all()
    assert box == pytest.approx((0.1, 0.1, 0.5, 0.5), abs=1e-6)


def test_the_result_depends_on_the_key_and_not_on_the_order() -> None:
    image, box = room(1), (0.2, 0.2, 0.6, 0.7)
    forwards, backwards = Augmenter(seed=7), Augmenter(seed=7)
    one = [forwards(image, box, 0, index) for index in range(8)]
    other = [backwards(image, box, 0, index) for index in reversed(range(8))][::-1]
    assert all((a[0] == b[0]).all() and a[1] == b[1] for a, b in zip(one, other, strict=True))
    assert any((Augmenter(seed=8)(image, box, 0, i)[0] != one[i][0]).any() for i in range(8))


def test_what_happens_to_a_picture_is_drawn_one_by_one() -> None:
    """With one draw for all, half of the pictures would stay as they are and half have everything at once."""
    image = room(1)
    digests = {hashlib.sha256(Augmenter(seed=7)(image, None, n)[0].tobytes()).digest() for n in range(100)}
    assert len(digests) >= 96


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    image, box = photo(PEOPLE["anna"], 1, 1)
    unit = (box.x1 / SIZE[0], box.y1 / SIZE[1], box.x2 / SIZE[0], box.y2 / SIZE[1])
    anna = Sample(write(tmp_path / "raw" / "anna.jpg", image), 1, unit, "a")
    nobody = Sample(write(tmp_path / "raw" / "room.png", room(2)), 0, None, "r")
    splits = {
        "train": (anna, nobody),
        "valid": (Sample(anna.image, 1, unit, "b"),),
        "test": (Sample(anna.image, 1, unit, "c"),),
    }
    save_dataset(Dataset(("unknown", "anna"), splits, 5), tmp_path / "data")  # type: ignore[arg-type]
    return tmp_path / "data"


def test_the_command_writes_the_same_bytes_in_another_process(dataset: Path, tmp_path: Path) -> None:
    call = ["augment", str(dataset), "--copies", "3", "--seed", "9", "--out"]
    assert main([*call, str(tmp_path / "one")]) == 0
    again = [sys.executable, "-m", "converter", *call, str(tmp_path / "two")]
    subprocess.run(again, check=True, capture_output=True)
    one, two = (_files(tmp_path / name) for name in ("one", "two"))
    assert one == two
    loaded = load_dataset(tmp_path / "one")
    assert [len(loaded.splits[split]) for split in ("train", "valid", "test")] == [8, 1, 1]
    assert [sample.label for sample in loaded.splits["train"]] == [1] * 4 + [0] * 4
    assert loaded.seed == 5


def test_a_picture_that_cannot_be_read_leaves_nothing(dataset: Path, tmp_path: Path) -> None:
    loaded = load_dataset(dataset)
    for sample in loaded.splits["train"]:
        sample.image.write_bytes(b"no picture")
    with pytest.raises(DataError) as raised:
        augment_dataset(loaded, tmp_path / "out", copies=1)
    assert len(raised.value.problems) == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", [["--crop", "1.5"], ["--jpeg", "ten"], ["--split", "all"], ["--copies", "0"]])
def test_wrong_strengths_are_wrong_calls(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["augment", "data", "--out", "out", *wrong])
    assert exited.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
