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
from converter.architectures.inputs import input_of
from converter.compositions.portraits import varied_chips
from converter.tflite.quantize import to_int8
from converter.training.train import freeze
from edgegate.errors import EdgegateError, UsageError
from edgegate.types import Image
from edgegate.vision.packs import InputSpec, shipped
from edgegate.vision.preprocess import stretch

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def listed() -> list[dict[str, Any]]:
    call = [sys.executable, "-m", "converter", "architectures", "--json"]
    rows: list[dict[str, Any]] = json.loads(subprocess.run(call, check=True, capture_output=True).stdout)
    return rows


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("tracker/vgg16", 16_830_279),
        ("classifier/cnn", 448 + 4_640 + 18_496 + 4 * (16 + 32 + 64) + (64 * 28 * 28 + 1) * 3),
        ("classifier/resnet50", 23_587_712 + (2048 + 1) * 3),
        ("classifier/vgg16", 134_260_544 + (4096 + 1) * 3),
        ("embedder/facenet", 22_808_144),
        ("embedder/mobilefacenet", 1_022_720 - 7_552),
    ],
)
def test_published_designs_have_the_published_number_of_parameters(
    listed: list[dict[str, Any]], name: str, parameters: int
) -> None:
    """The small face network has them without the slopes of PReLU, one for each of 7,552 maps."""
    assert {row["name"]: row["parameters"] for row in listed}[name] == parameters


def test_int8_of_the_small_face_network_runs_in_one_piece() -> None:
    """Of PReLU it was 34, and four times slower than float: between two pieces each map is brought back and forth."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

    network = build("embedder/mobilefacenet", classes=3, width=0.125, head=16)
    blob = to_int8(network, varied_chips_of(112, 4))
    interpreter = Interpreter(model_content=blob, num_threads=1)
    interpreter.allocate_tensors()
    names = [operator["op_name"] for operator in interpreter._get_ops_details()]
    assert names.count("DELEGATE") == 1


def varied_chips_of(size: int, count: int) -> list[Image]:
    return [stretch(chip, size) for chip in varied_chips(count, seed=1)]


def test_every_design_is_listed_with_input_and_outputs(listed: list[dict[str, Any]]) -> None:
    assert [row["name"] for row in listed] == [name for name, design in DESIGNS.items() if not design.on_a_pack]
    outputs = {
        "tracker": {"class": [3], "box": [4]},
        "classifier": {"class_probs": [3]},
        "embedder": {"embedding": [128]},
    }
    sizes = {"embedder/facenet": 160, "embedder/mobilefacenet": 112}
    for row in listed:
        size = sizes.get(row["name"], 224 if row["task"] == "classifier" else 120)
        assert row["input"] == [size, size, 3]
        assert row["outputs"] == outputs[row["task"]]


def test_of_a_pretrained_vgg16_only_the_softmax_is_trained() -> None:
    model = build("classifier/vgg16", classes=290)
    freeze(model, DESIGNS["classifier/vgg16"].frozen)
    counts = [
        sum(int(np.prod(weight.shape)) for weight in part)
        for part in (model.non_trainable_weights, model.trainable_weights)
    ]
    assert counts == [134_260_544, 1_188_130]


def test_of_a_pretrained_resnet50_the_first_three_of_five_blocks_stay() -> None:
    model = build("classifier/resnet50", classes=3, input_size=32)
    freeze(model, DESIGNS["classifier/resnet50"].frozen)
    trained = {layer.name.split("_")[0] for layer in model.layers if layer.trainable_weights}
    assert trained == {"conv4", "conv5", "class"}


def test_faces_are_cut_out_or_aligned_as_the_design_wants_them() -> None:
    assert input_of("classifier/cnn", 64, None) == InputSpec(64, 64, 0, 255, "rgb", margin=0.2)
    assert input_of("embedder/facenet", None, None) == InputSpec(160, 160, 0, 255, "rgb", "facenet-160")
    assert input_of("tracker/cnn", None, None) == InputSpec(120, 120, 0, 255, "rgb")
    assert input_of("classifier/embedder", None, str(shipped("face-embedder"))).template == "dlib-150"


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
        ("embedder/mobilefacenet", {"input_size": 96}, "aligned for it at 112"),
        ("classifier/embedder", {}, "not built but fitted"),
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
    with pytest.raises(EdgegateError, match="file of this network") as caught:
        build("tracker/mobilenet_v2", classes=2, width=0.5, head=8, weights=str(file))
    assert "\n" not in str(caught.value)
