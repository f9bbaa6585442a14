"""Faces are found at a door's distances, and only faces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER, Portrait
from edgegate.types import Box
from edgegate.vision.detect import BlazeFace, DetectorCell, cells, decode, merge
from edgegate.vision.haar import HaarDetector
from edgegate.vision.landmarks import Landmarker
from tests.vision.scenes import Scene


@pytest.mark.parametrize("portrait", [ASTRONAUT, GRACE_HOPPER], ids=lambda p: p.package)
@pytest.mark.parametrize("size", [50, 70, 100, 150, 200])
def test_finds_the_one_face_where_it_is(blazeface: BlazeFace, scene: Scene, portrait: Portrait, size: int) -> None:
    faces = blazeface.detect(scene(portrait, size, (250, 260)))
    assert len(faces) == 1
    assert faces[0].box.iou(Box(250 - size / 2, 260 - size / 2, 250 + size / 2, 260 + size / 2)) > 0.6
    assert faces[0].score > 0.6


def test_keypoints_are_eyes_nose_and_mouth_in_the_pictures_pixels(blazeface: BlazeFace, scene: Scene) -> None:
    size = 120
    image = scene(ASTRONAUT, size)
    scale = size / ASTRONAUT.box.width
    known = (ASTRONAUT.landmarks - np.array(ASTRONAUT.box.center, np.float32)) * scale + (320, 240)
    left_eye, right_eye = known[:2].mean(axis=0), known[2:4].mean(axis=0)
    found = blazeface.detect(image)[0].keypoints
    assert np.linalg.norm(found[0] - left_eye) < 0.08 * size
    assert np.linalg.norm(found[1] - right_eye) < 0.08 * size
    assert left_eye[1] < found[2][1] < found[3][1], "nose below eyes, mouth below nose"


def test_an_empty_scene_has_no_face(blazeface: BlazeFace) -> None:
    rng = np.random.default_rng(1)
    wall = np.clip(rng.normal(120, 8, (480, 640, 3)), 0, 255).astype(np.uint8)
    assert blazeface.detect(wall) == ()
    assert blazeface.detect(np.zeros_like(wall)) == ()


def test_the_largest_face_comes_first(blazeface: BlazeFace, scene: Scene) -> None:
    both = scene(ASTRONAUT, 70, (160, 240))
    both[:, 320:] = scene(GRACE_HOPPER, 110, (480, 240))[:, 320:]
    faces = blazeface.detect(both)
    assert len(faces) == 2
    assert faces[0].box.center[0] > 320 > faces[1].box.center[0]


@pytest.mark.parametrize("shape", [(480, 640), (640, 480), (1080, 1920), (300, 300), (97, 211)])
def test_any_shape_of_picture_is_taken(blazeface: BlazeFace, shape: tuple[int, int]) -> None:
    assert blazeface.detect(np.zeros((*shape, 3), np.uint8)) == ()


def test_haar_finds_the_same_face(blazeface: BlazeFace, landmarker: Landmarker, scene: Scene) -> None:
    image = scene(GRACE_HOPPER, 120)
    (haar,), (blaze,) = HaarDetector(landmarker).detect(image), blazeface.detect(image)
    assert haar.box.iou(blaze.box) > 0.5
    assert np.abs(haar.keypoints - blaze.keypoints).max() < 0.12 * blaze.box.width


def test_haar_finds_nothing_on_a_wall(landmarker: Landmarker) -> None:
    assert HaarDetector(landmarker).detect(np.full((480, 640, 3), 120, np.uint8)) == ()


def test_decoding_adds_offsets_to_the_cell() -> None:
    centres = cells(192)
    assert len(centres) == 2304
    assert centres[0] == 2 + 2j
    assert centres[1] == 6 + 2j, "row by row, x first"
    points = decode([1 + 2j, 20 + 10j, 3 + 4j, 0j, 0j, 0j, 0j, 0j], 6 + 6j)
    assert points == [-3 + 3j, 17 + 13j, 9 + 10j, 6 + 6j, 6 + 6j, 6 + 6j]


def guess(x: float, y: float, side: float, score: float) -> DetectorCell:
    corner = complex(x, y)
    return DetectorCell(score, [corner, corner + complex(side, side), *[corner] * 4])


guesses = st.builds(guess, st.floats(0, 180), st.floats(0, 180), st.floats(1, 60), st.floats(0.01, 1))


@given(st.lists(guesses, min_size=1, max_size=30))
def test_merging_keeps_every_face_once(found: list[DetectorCell]) -> None:
    merged = list(merge(found))
    assert 1 <= len(merged) <= len(found)
    assert [face.score for face in merged] == sorted((face.score for face in merged), reverse=True)
    assert merged[0].score == max(face.score for face in found)


def test_merging_averages_by_score() -> None:
    (face,) = merge([guess(0, 0, 10, 0.25), guess(0, 0, 12, 0.75)])
    assert face.score == 0.75
    assert face.points[1].real == pytest.approx(11.5)


def test_no_guess_is_no_face() -> None:
    assert list(merge([])) == []
