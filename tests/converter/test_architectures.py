"""Every design answers as the contract says, counts its parameters as published, and says what it cannot do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converter.architectures import DESIGNS, build
from edgegate.errors import EdgegateError, UsageError

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def listed() -> list[dict[str, Any]]:
    call = [sys.executable, "-m", "converter", "architectures", "--json"]
    rows: list[dict[str, Any]] = json.loads(subprocess.run(call, check=True, capture_output=True).stdout)
    return rows


def test_the_published_tracker_has_the_published_number_of_parameters(listed: list[dict[str, Any]]) -> None:
    assert {row["name"]: row["parameters"] for row in listed}["tracker/vgg16"] == 16_830_279


def test_every_design_is_listed_with_input_and_outputs(listed: list[dict[str, Any]]) -> None:
    assert [row["name"] for row in listed] == list(DESIGNS)
    for row in listed:
        assert row["input"] == [120, 120, 3]
        assert row["outputs"] == {"class": [3], "box": [4]}


@pytest.mark.parametrize("name", ["tracker/mobilenet_v2", "tracker/mobilenet_v3_small", "tracker/cnn"])
def test_classes_sum_to_one_and_boxes_lie_in_the_frame(name: str) -> None:
    model = build(name, classes=4, input_size=96, width=0.5, head=32)
    picture = np.random.default_rng(0).uniform(0, 255, (2, 96, 96, 3)).astype(np.float32)
    answer = model.predict(picture, verbose=0)
    assert answer["class"].shape == (2, 4)
    assert answer["class"].sum(axis=1) == pytest.approx(1)
    assert answer["box"].shape == (2, 4)
    assert ((answer["box"] >= 0) & (answer["box"] <= 1)).all()


def test_width_and_head_make_a_network_smaller() -> None:
    whole, narrow, headless = (
        build("tracker/cnn", classes=2, **sizes).count_params() for sizes in ({}, {"width": 0.5}, {"head": 16})
    )
    assert narrow < whole
    assert headless < whole


def test_the_cnn_finds_points_where_its_maps_are_high() -> None:
    from keras import Model  # noqa: PLC0415

    model = build("tracker/cnn", classes=2)
    points = Model(model.get_layer("map_norm").output, model.get_layer("place").output)
    maps = np.zeros((1, *points.input_shape[1:]), np.float32)
    maps[0, 2, 29, 3] = 50  # third row from the top, at the right edge
    x, y = points.predict(maps, verbose=0).reshape(2, -1)[:, 3]
    assert (x, y) == pytest.approx((1.0, 4 / 29 - 1), abs=1e-4)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("tracker/vgg19", {}, "tracker/vgg16"),
        ("tracker/vgg16", {"width": 0.5}, "one width"),
        ("tracker/cnn", {"classes": 1}, "at least two"),
        ("tracker/cnn", {"input_size": 8}, "too small"),
        ("tracker/cnn", {"input_size": 100}, "no multiple of 8"),
        ("tracker/cnn", {"weights": "imagenet"}, "nobody published"),
        ("tracker/cnn", {"weights": "nowhere.keras"}, "no such file"),
    ],
)
def test_what_no_design_is_is_told_in_one_line(name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        build(name, **{"classes": 3} | options)
    assert "\n" not in str(caught.value)


def test_weights_of_the_same_network_are_taken_and_of_another_refused(tmp_path: Path) -> None:
    taught = build("tracker/cnn", classes=2, head=16)
    taught.save(tmp_path / "taught.keras")
    pupil = build("tracker/cnn", classes=2, head=16, weights=str(tmp_path / "taught.keras"))
    for one, other in zip(taught.get_weights(), pupil.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(EdgegateError, match="do not fit") as caught:
        build("tracker/cnn", classes=2, head=24, weights=str(tmp_path / "taught.keras"))
    assert "\n" not in str(caught.value)


def test_weights_of_a_backbone_are_taken_or_refused(tmp_path: Path) -> None:
    import keras  # noqa: PLC0415

    file = tmp_path / "published.weights.h5"
    published = keras.applications.MobileNetV2(include_top=False, alpha=0.35, weights=None, input_shape=(96, 96, 3))
    published.save_weights(file)
    file = file.rename(tmp_path / "published.h5")
    with pytest.raises(EdgegateError, match="file of this backbone") as caught:
        build("tracker/mobilenet_v2", classes=2, width=0.5, head=8, weights=str(file))
    assert "\n" not in str(caught.value)
