"""Faces are found at a door's distances, and only faces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import Scene

from converter.portraits import ASTRONAUT, GRACE_HOPPER, Portrait
from edgegate.types import Box
from edgegate.vision.detect import BlazeFace, anchors, decode, merge
from edgegate.vision.haar import HaarDetector
from edgegate.vision.landmarks import Landmarker


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
    cells = anchors(192)
    assert cells.shape == (2304, 2)
    assert cells[0].tolist() == [2, 2]
    assert cells[49].tolist() == [6, 6], "row by row, x first"
    raw = np.zeros((1, 16), np.float32)
    raw[0, :6] = (1, 2, 20, 10, 3, 4)
    points = decode(raw, cells[49:50])[0]
    assert points[:3].tolist() == [[-3, 3], [17, 13], [9, 10]]


@given(
    st.lists(
        st.tuples(st.floats(0, 180), st.floats(0, 180), st.floats(1, 60), st.floats(0.01, 1)),
        min_size=1,
        max_size=30,
    )
)
def test_merging_keeps_every_face_once(boxes: list[tuple[float, float, float, float]]) -> None:
    points = np.zeros((len(boxes), 8, 2), np.float32)
    for i, (x, y, side, _) in enumerate(boxes):
        points[i, :2] = (x, y), (x + side, y + side)
    scores = np.array([box[3] for box in boxes], np.float32)
    merged = list(merge(points, scores))
    assert 1 <= len(merged) <= len(boxes)
    assert [score for _, score in merged] == sorted((score for _, score in merged), reverse=True)
    assert merged[0][1] == scores.max()


def test_merging_averages_by_score() -> None:
    points = np.zeros((2, 8, 2), np.float32)
    points[:, 1] = 10
    points[1, 1] = 12
    ((mean, score),) = merge(points, np.array((0.25, 0.75), np.float32))
    assert score == 0.75
    assert mean[1].tolist() == pytest.approx([11.5, 11.5])
