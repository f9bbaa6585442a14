"""Faces are cut out upright, all of one size; a photo that will not do is told, and then nothing is written."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from converter.cli import main
from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER, read
from converter.data.crop import SWEEP, Cropper, turned
from edgegate.enrol import read_picture
from edgegate.types import Box, Image
from edgegate.vision.detect import BlazeFace
from edgegate.vision.faces import Face
from edgegate.vision.haar import HaarDetector
from edgegate.vision.landmarks import Landmarker
from edgegate.vision.packs import load_pack, shipped
from edgegate.vision.tflite import Model
from tests.support.converter.labelled_photos import room, write


class Finds:
    """A detector that finds a face wherever the picture has the size it waits for."""

    def __init__(self, box: Box, *, width: int | None = None) -> None:
        self._face = Face(box, 0.9, np.zeros((4, 2), np.float32))
        self._width = width

    def detect(self, image: Image) -> tuple[Face, ...]:
        return (self._face,) if self._width in {None, image.shape[1]} else ()


@pytest.fixture(scope="module")
def blazeface() -> BlazeFace:
    return BlazeFace(Model(load_pack(shipped("face-detector"), "detector")))


def tilt(face: Face) -> float:
    """Degrees of the line between the eyes."""
    across = face.keypoints[1] - face.keypoints[0]
    return math.degrees(math.atan2(across[1], across[0]))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    write(folder / "anna" / "portrait.jpg", read(ASTRONAUT))
    write(folder / "anna" / "portrait.webp", read(ASTRONAUT)[:, ::-1])
    write(folder / "grace" / "portrait.png", read(GRACE_HOPPER))
    return folder


def test_a_crop_is_the_box_and_its_margin() -> None:
    image = room(1)
    crop = Cropper(Finds(Box(50, 40, 90, 80)), size=60, margin=0.25).crop(image)
    assert crop is not None
    assert (crop == image[30:90, 40:100]).all()


def test_a_face_at_the_edge_is_cut_out_square() -> None:
    crop = Cropper(Finds(Box(-20, 100, 60, 160)), size=80, margin=0.0).crop(room(1))
    assert crop is not None
    assert crop.shape == (80, 80, 3)


def test_turning_keeps_all_of_the_picture() -> None:
    image = np.full((40, 100, 3), 9, np.uint8)
    image[0, 0] = image[-1, -1] = 255
    assert turned(image, 90).shape == (100, 40, 3)
    assert turned(image, 30).shape == (85, 107, 3)


@pytest.mark.parametrize("angle", [-55, 0, 40])
def test_a_tilted_head_is_found_by_the_sweep_and_cut_out_upright(angle: float, blazeface: BlazeFace) -> None:
    landmarker = Landmarker(Model(load_pack(shipped("face-landmarks"), "landmarks")))
    head = read(ASTRONAUT)[:260, 80:380]
    crop = Cropper(HaarDetector(landmarker), margin=0.6, angles=SWEEP).crop(turned(head, angle))
    assert crop is not None
    assert abs(tilt(blazeface.detect(crop)[0])) < 15


def test_the_command_keeps_folders_and_writes_one_size(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "crops"
    assert main(["crop", str(photos), "--out", str(out), "--size", "160", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] == 3
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert files == ["anna/portrait.jpg", "anna/portrait.webp.jpg", "grace/portrait.png"]
    for file in files:
        crop = read_picture(out / file)
        assert crop is not None
        assert crop.shape == (160, 160, 3)


def test_photos_that_will_not_do_are_told_together(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(photos / "anna" / "wall.png", room(3))
    (photos / "grace" / "broken.jpg").write_bytes(b"no picture")
    call = ["crop", str(photos), "--out", str(tmp_path / "crops")]
    assert main(call) == 1
    told = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[2].split(";")[0] for line in told] == [
        "it cannot be read as a picture",
        "no face was found",
    ]
    assert not (tmp_path / "crops").exists()
    (photos / "grace" / "broken.jpg").unlink()
    assert main([*call, "--skip"]) == 0
    assert "wall.png: skipped: no face was found" in capsys.readouterr().out


def test_wrong_calls(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crop", str(tmp_path / "nowhere"), "--out", str(tmp_path / "crops")]) == 2
    assert main(["crop", str(photos), "--out", str(photos / "crops")]) == 2
    (tmp_path / "none").mkdir()
    assert main(["crop", str(tmp_path / "none"), "--out", str(tmp_path / "crops")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 3
