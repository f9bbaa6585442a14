"""A face that cannot be judged is said so, with the reason."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER
from edgegate.types import Image
from edgegate.vision.analyzer import Analyzer
from edgegate.vision.faces import FaceFault, Quality
from edgegate.vision.quality import QualityLimits, outside, sharpness, weight, yaw
from tests.vision.scenes import Scene, frame


def quality(analyzer: Analyzer, image: Image) -> Quality:
    found = analyzer.describe(frame(image), analyzer.detect(frame(image))[0])
    assert found.quality is not None
    assert (found.embedding is not None) == found.quality.usable, "an embedding exactly if there is no fault"
    return found.quality


@pytest.mark.parametrize("size", [55, 70, 120, 200])
def test_a_plain_face_is_usable(analyzer: Analyzer, scene: Scene, size: int) -> None:
    for portrait in (ASTRONAUT, GRACE_HOPPER):
        measured = quality(analyzer, scene(portrait, size))
        assert measured.usable, measured
        assert measured.size == pytest.approx(size, rel=0.2)
        assert 0 < measured.weight <= 1


def test_a_distant_face_is_too_small(analyzer: Analyzer, scene: Scene) -> None:
    assert FaceFault.TOO_SMALL in quality(analyzer, scene(GRACE_HOPPER, 32)).faults


def test_a_soft_face_is_blurred(analyzer: Analyzer, scene: Scene) -> None:
    soft = np.asarray(cv2.GaussianBlur(scene(GRACE_HOPPER, 120), (0, 0), 6), np.uint8)
    assert FaceFault.BLURRED in quality(analyzer, soft).faults


def test_a_face_in_the_dark_is_dark(analyzer: Analyzer, scene: Scene) -> None:
    assert FaceFault.DARK in quality(analyzer, (scene(GRACE_HOPPER, 120) * 0.12).astype(np.uint8)).faults


def test_a_face_in_glaring_light_is_overexposed(analyzer: Analyzer, scene: Scene) -> None:
    glare = np.clip(scene(ASTRONAUT, 120) * 1.0 + 110, 0, 255).astype(np.uint8)
    assert FaceFault.OVEREXPOSED in quality(analyzer, glare).faults


def test_a_face_at_the_edge_is_cut_off(analyzer: Analyzer, scene: Scene) -> None:
    assert FaceFault.CUT_OFF in quality(analyzer, scene(GRACE_HOPPER, 160, (600, 240))).faults


def test_a_face_turned_away_has_a_pose(analyzer: Analyzer, scene: Scene) -> None:
    strict = replace(QualityLimits(), max_yaw=0.01)
    image = scene(ASTRONAUT, 120)
    measured = quality(Analyzer(analyzer._detector, analyzer._landmarker, analyzer._embedder, strict), image)
    assert measured.faults == (FaceFault.POSE,)
    assert measured.weight == 0


def test_yaw_is_zero_in_front_and_one_in_profile() -> None:
    points = np.zeros((468, 2), np.float32)
    points[[33, 263]] = (-30, 0), (30, 0)
    points[[234, 454]] = (-50, 10), (50, 10)
    points[1] = (0, 30)
    assert yaw(points) == 0
    points[1] = (50, 30)
    assert yaw(points) == pytest.approx(1)
    points[1] = (-25, 30)
    assert yaw(points) == pytest.approx(-0.5)


def test_sharpness_is_a_matter_of_detail_and_not_of_light() -> None:
    grey = np.random.default_rng(3).integers(40, 200, (50, 50), np.uint8)
    soft = np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.5), np.uint8)
    assert sharpness(soft) < 0.2 * sharpness(grey)
    assert sharpness((grey // 2).astype(np.uint8)) == pytest.approx(sharpness(grey), rel=0.05)
    assert sharpness(np.full((50, 50), 90, np.uint8)) == 0


def test_outside_is_a_share_of_points() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    points = np.array(((10, 10), (-1, 10), (10, 101), (199, 99)), np.float32)
    assert outside(image, points) == 0.5


def test_better_frames_weigh_more() -> None:
    assert weight(100, 0.4, 0) == 1
    assert weight(50, 0.4, 0) < 1
    assert weight(100, 0.1, 0) < 1
    assert weight(100, 0.4, 0.5) < 1
