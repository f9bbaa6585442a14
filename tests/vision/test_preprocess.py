"""Pictures arrive in the models as they should, and points find their way back."""

from __future__ import annotations

import cmath

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.types import Box
from edgegate.vision.preprocess import Similarity, cut_out, fit, letterbox, warp_rgb

turns = st.builds(cmath.rect, st.floats(0.05, 20), st.floats(-3.1, 3.1))
shifts = st.builds(complex, st.floats(-500, 500), st.floats(-500, 500))
similarities = st.builds(Similarity, turns, shifts)
point_sets = st.integers(0, 2**31).map(lambda seed: np.random.default_rng(seed).uniform(0, 100, (5, 2)).astype("f4"))


@given(point_sets, similarities)
def test_fitting_finds_the_similarity_that_was_there(points: np.ndarray, truth: Similarity) -> None:
    found = fit(points, truth.apply(points))
    assert np.allclose(found.apply(points), truth.apply(points), atol=1e-2 * (1 + truth.scale))


@given(point_sets, similarities)
def test_an_inverse_undoes(points: np.ndarray, similarity: Similarity) -> None:
    assert np.allclose(similarity.inverse().apply(similarity.apply(points)), points, atol=0.05)


@given(point_sets, similarities)
def test_the_matrix_is_the_same_map(points: np.ndarray, similarity: Similarity) -> None:
    by_matrix = points @ similarity.matrix[:, :2].T + similarity.matrix[:, 2]
    assert np.allclose(similarity.apply(points), by_matrix, rtol=1e-4, atol=1e-2)


def test_fitting_never_mirrors() -> None:
    square = np.array(((0, 0), (1, 0), (1, 1), (0, 1)), np.float32)
    mirrored = square * np.array((-1, 1), np.float32)
    assert np.linalg.det(fit(square, mirrored).matrix[:, :2]) >= 0


@pytest.mark.parametrize("shape", [(480, 640), (640, 480), (1080, 1920), (150, 150), (33, 500)])
def test_letterbox_keeps_the_aspect_and_swaps_the_colours(shape: tuple[int, int]) -> None:
    blue = np.zeros((*shape, 3), np.uint8)
    blue[..., 0] = 200
    canvas, to_canvas = letterbox(blue, 192)
    assert canvas.shape == (192, 192, 3)
    assert canvas[96, 96].tolist() == [0, 0, 200], "BGR in, RGB out"
    rows, columns = np.flatnonzero(canvas[:, 96, 2]).size, np.flatnonzero(canvas[96, :, 2]).size
    assert columns / rows == pytest.approx(shape[1] / shape[0], rel=0.1)
    centre = np.array(((shape[1] / 2, shape[0] / 2),), np.float32)
    assert to_canvas.apply(centre)[0].tolist() == pytest.approx([96, 96], abs=1)


@pytest.mark.parametrize("scale", [0.1, 0.3, 0.45, 0.8, 1.0, 2.5])
def test_a_patch_shows_the_point_it_should_at_every_scale(scale: float) -> None:
    picture = np.zeros((1200, 1600, 3), np.uint8)
    cv2.circle(picture, (800, 500), round(20 / scale), (0, 0, 255), -1)
    patch = warp_rgb(picture, Similarity(complex(scale), 75 + 75j - scale * (800 + 500j)), 150)
    ys, xs = np.nonzero(patch[..., 0] > 127)
    assert (xs.mean(), ys.mean()) == pytest.approx((75, 75), abs=0.5)
    assert len(xs) == pytest.approx(np.pi * 400, rel=0.1)


def test_a_patch_is_what_opencv_warps_from_the_whole_picture() -> None:
    picture = np.random.default_rng(5).integers(0, 256, (480, 640, 3), np.uint8)
    to_patch = Similarity(1.3 + 0.4j, -300 - 350j)
    whole = cv2.warpAffine(picture, to_patch.matrix, (150, 150), flags=cv2.INTER_LINEAR)[..., ::-1]
    difference = np.abs(warp_rgb(picture, to_patch, 150).astype(int) - whole)
    assert np.percentile(difference, 99) <= 8
    assert difference.mean() < 2


@pytest.mark.parametrize("centre", [(0, 0), (640, 480), (-300, 200), (5000, 5000)])
def test_what_lies_outside_the_picture_is_black(centre: tuple[int, int]) -> None:
    picture = np.full((480, 640, 3), 255, np.uint8)
    patch = warp_rgb(picture, Similarity(1 + 0j, 75 + 75j - complex(*centre)), 150)
    assert patch.shape == (150, 150, 3)
    inside_x = min(640, max(0, centre[0] + 75)) - min(640, max(0, centre[0] - 75))
    inside_y = min(480, max(0, centre[1] + 75)) - min(480, max(0, centre[1] - 75))
    assert patch[..., 0].mean() / 255 == pytest.approx(inside_x * inside_y / 150**2, abs=0.02)


def test_what_is_cut_out_is_the_square_around_the_box_with_its_margin() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[40:60, 90:120] = 200  # 30 × 20: the square is 30, with a fifth on every side 42
    part = cut_out(image, Box(90, 40, 120, 60), 42, 0.2)
    assert part.shape == (42, 42, 3)
    assert (part[11:31, 6:36] == 200).all()
    assert part.sum() == 30 * 20 * 3 * 200


def test_beyond_the_picture_its_edge_goes_on() -> None:
    image = np.full((50, 50, 3), 70, np.uint8)
    assert (cut_out(image, Box(-20, -20, 40, 40), 32, 0.5) == 70).all()
