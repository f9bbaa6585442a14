"""Pixels, scores and boxes in every form that others train become edgegate's."""

from __future__ import annotations

import numpy as np
import pytest

from converter.networks.forms import (
    BOX_FORMS,
    PIXELS,
    BoxForm,
    Pixels,
    corners,
    form_of_scores,
    probabilities,
    scaled,
    unit_of_boxes,
)

pytestmark = pytest.mark.train


def levels() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (2, 5, 4, 3)).astype(np.float32)


@pytest.mark.parametrize("pixels", PIXELS)
@pytest.mark.parametrize("bgr", [False, True])
def test_pixels_are_as_keras_own_preprocessing_makes_them(pixels: Pixels, bgr: bool) -> None:
    from keras.applications import imagenet_utils  # noqa: PLC0415

    pictures = levels()
    seen = pictures[..., ::-1].copy() if bgr else pictures.copy()
    modes = {"-1..1": "tf", "caffe": "caffe", "torch": "torch"}
    if pixels in modes:
        wanted = imagenet_utils.preprocess_input(seen, data_format="channels_last", mode=modes[pixels])
    else:
        wanted = seen / 255 if pixels == "0..1" else seen
    given = np.asarray(scaled(pictures, pixels, "bgr" if bgr else "rgb"))
    np.testing.assert_allclose(given, wanted, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("form", BOX_FORMS)
@pytest.mark.parametrize("pixels", [False, True])
def test_boxes_become_corners(form: BoxForm, pixels: bool) -> None:
    x1, y1, x2, y2 = 0.1, 0.2, 0.5, 0.8
    given = {
        "xyxy": (x1, y1, x2, y2),
        "yxyx": (y1, x1, y2, x2),
        "xywh": (x1, y1, x2 - x1, y2 - y1),
        "cxcywh": ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1),
    }[form]
    width, height = 160, 96
    sides = {"yxyx": (height, width) * 2}.get(form, (width, height) * 2)
    box = np.array([given], np.float32) * (np.array(sides, np.float32) if pixels else 1)
    assert unit_of_boxes(box) == ("pixels" if pixels else "share")
    result = np.asarray(corners(box, form, "pixels" if pixels else "share", width, height))
    np.testing.assert_allclose(result, [[x1, y1, x2, y2]], atol=1e-6)


@pytest.mark.parametrize(
    ("scores", "form", "wanted"),
    [
        ([[0.25, 0.75]], "probabilities", [0.25, 0.75]),
        ([[0.0, np.log(3.0)], [9.0, 0.0]], "logits", [0.25, 0.75]),
        ([[0.2, 0.6]], "sigmoids", [0.25, 0.75]),
        ([[0.75]], "probability", [0.25, 0.75]),
        ([[np.log(3.0)], [9.0]], "logit", [0.25, 0.75]),
    ],
)
def test_scores_become_probabilities(scores: list[list[float]], form: str, wanted: list[float]) -> None:
    values = np.array(scores, np.float32)
    assert form_of_scores(values) == form
    np.testing.assert_allclose(np.asarray(probabilities(values, form_of_scores(values), (0, 1)))[0], wanted, atol=1e-6)
    turned = np.asarray(probabilities(values, form_of_scores(values), (1, -1, 0)))[0]
    np.testing.assert_allclose(turned, [wanted[1], 0, wanted[0]], atol=1e-6)
