"""The parts together: detection on the preview, description on the picture, any detector by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter.compositions.portraits import ASTRONAUT
from edgegate.errors import ModelError
from edgegate.vision.analyzer import Analyzer, build_analyzer
from edgegate.vision.tflite import Runtime
from tests.vision.scenes import Scene, frame


def test_detection_looks_at_the_preview_and_answers_in_the_pictures_pixels(analyzer: Analyzer, scene: Scene) -> None:
    preview = scene(ASTRONAUT, 80, (200, 220))
    image = np.asarray(cv2.resize(preview, (1280, 960)), np.uint8)
    (by_preview,) = analyzer.detect(frame(image, preview=preview))
    (by_image,) = analyzer.detect(frame(image))
    assert by_preview.box.iou(by_image.box) > 0.85
    assert np.abs(by_preview.keypoints - by_image.keypoints).max() < 12


def test_an_empty_frame_has_no_faces(analyzer: Analyzer) -> None:
    assert analyzer.detect(frame(np.full((480, 640, 3), 90, np.uint8))) == ()


def test_a_description_keeps_what_was_detected(analyzer: Analyzer, scene: Scene) -> None:
    seen = frame(scene(ASTRONAUT, 120))
    (face,) = analyzer.detect(seen)
    described = analyzer.describe(seen, face)
    assert (described.box, described.score) == (face.box, face.score)
    assert face.quality is None
    assert described.quality is not None


def test_the_same_frame_gives_the_same_answer(analyzer: Analyzer, runtime: Runtime, scene: Scene) -> None:
    seen = frame(scene(ASTRONAUT, 90))
    other = build_analyzer(runtime=runtime)
    one, two = (a.describe(seen, a.detect(seen)[0]) for a in (analyzer, other))
    assert one.box == two.box
    assert one.embedding is not None
    assert np.array_equal(one.embedding, two.embedding)  # type: ignore[arg-type]


def test_haar_recognises_too(analyzer: Analyzer, runtime: Runtime, scene: Scene) -> None:
    haar = build_analyzer("haar", runtime=runtime)
    seen = frame(scene(ASTRONAUT, 120))
    by_haar, by_blaze = (a.describe(seen, a.detect(seen)[0]).embedding for a in (haar, analyzer))
    assert by_haar is not None
    assert by_blaze is not None
    assert float(by_haar @ by_blaze) > 0.97


def test_a_pack_in_the_wrong_place_is_refused(pack_copy: Callable[[str], Path]) -> None:
    with pytest.raises(ModelError, match="task is 'detector', not 'landmarks'"):
        build_analyzer(landmarks_pack=pack_copy("face-detector"))


def test_a_pack_names_itself_by_its_hash(analyzer: Analyzer) -> None:
    assert analyzer.pack.name == f"face-embedder@{analyzer.pack.sha256[:8]}"
