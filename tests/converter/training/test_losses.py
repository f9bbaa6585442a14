"""The published loss, by hand; and the figures beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegate.types import Box

pytestmark = pytest.mark.train

TRUE = np.array([[0.1, 0.2, 0.5, 0.8], [0.0, 0.0, 0.0, 0.0]], np.float32)
FOUND = np.array([[0.2, 0.2, 0.4, 0.9], [0.3, 0.3, 0.9, 0.9]], np.float32)
CORNERS = st.tuples(*[st.floats(0, 1, width=32)] * 4)


def test_localization_is_the_sum_of_squared_corner_and_size_errors() -> None:
    from converter.training.losses import Localization  # noqa: PLC0415

    corner, size = 0.1**2 + 0.0**2, 0.2**2 + 0.1**2
    assert float(Localization()(TRUE[:1], FOUND[:1])) == pytest.approx(corner + size)
    twice = Localization()(np.repeat(TRUE[:1], 2, 0), np.repeat(FOUND[:1], 2, 0))
    assert float(twice) == pytest.approx(2 * (corner + size))


def test_a_picture_without_a_face_has_no_box_loss() -> None:
    from converter.training.losses import Localization  # noqa: PLC0415

    both = Localization()(TRUE, FOUND, sample_weight=np.array([1.0, 0.0], np.float32))
    assert float(both) == pytest.approx(float(Localization()(TRUE[:1], FOUND[:1])))


def test_the_total_is_the_box_loss_and_half_the_class_loss() -> None:
    model, weights = _answers_always(), {"class": np.ones(2), "box": np.array([1.0, 0.0])}
    labels = {"class": np.array([1, 0]), "box": TRUE}
    figures = model.evaluate(FOUND, labels, sample_weight=weights, batch_size=2, verbose=0, return_dict=True)
    assert figures["class_loss"] == pytest.approx(-(np.log(0.75) + np.log(0.25)) / 2, rel=1e-5)
    assert figures["box_loss"] == pytest.approx(0.1**2 + 0.2**2 + 0.1**2, rel=1e-5)
    assert figures["loss"] == pytest.approx(figures["box_loss"] + 0.5 * figures["class_loss"], rel=1e-5)
    assert figures["class_f1"] == pytest.approx((0 + 2 / 3) / 2, rel=1e-5)
    assert figures["box_iou"] == pytest.approx(Box(*TRUE[0].tolist()).iou(Box(*FOUND[0].tolist())), rel=1e-5)


def _answers_always() -> Any:
    """A model whose boxes are its input, and whose probability of class 1 is always 0.75."""
    import keras  # noqa: PLC0415

    from converter.training.losses import WEIGHTS, tracker_losses  # noqa: PLC0415
    from converter.training.metrics import MacroF1, MeanIoU  # noqa: PLC0415

    box = keras.Input((4,))
    bias = keras.initializers.Constant(float(np.log(3)) / 2)
    one = keras.layers.Dense(1, kernel_initializer="zeros", bias_initializer=bias)(box)
    classes = keras.layers.Softmax()(keras.layers.Concatenate()([-one, one]))
    model = keras.Model(box, {"class": classes, "box": keras.layers.Identity()(box)})
    model.compile(
        loss=tracker_losses(), loss_weights=dict(WEIGHTS), weighted_metrics={"class": [MacroF1()], "box": [MeanIoU()]}
    )
    return model


@settings(max_examples=30, deadline=None)
@given(CORNERS, CORNERS)
def test_iou_is_that_of_the_daemon(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    from converter.training.metrics import iou  # noqa: PLC0415

    boxes = [Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)) for x1, y1, x2, y2 in (one, other)]
    rows = [np.array([[box.x1, box.y1, box.x2, box.y2]], np.float32) for box in boxes]
    if boxes[0].area > 1e-6 and boxes[1].area > 1e-6:
        assert float(iou(*rows)[0]) == pytest.approx(boxes[0].iou(boxes[1]), abs=1e-4)


def test_a_box_turned_inside_out_overlaps_nothing() -> None:
    from converter.training.metrics import iou  # noqa: PLC0415

    inside_out = np.array([[0.8, 0.8, 0.2, 0.2]], np.float32)
    assert float(iou(TRUE[:1], inside_out)[0]) == 0
