"""VGG16 and ResNet50 begin with a file of weights as Keras publishes it; and without one and a network, say so."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from converter.architectures import build, find
from converter.cli import main
from converter.compositions.portraits import varied_chips
from converter.toml import dumps
from converter.training.settings import TrainSettings
from edgegate.errors import EdgegateError, UsageError
from edgegate.types import Image
from tests.support.converter.published_weights import published
from tests.support.paths import RECIPES

pytestmark = pytest.mark.train


FROM_IMAGENET = ("classifier-resnet50-imagenet", "classifier-vgg16", "features-vgg16")
"""Recipes, one of each kind, that begin with published weights."""

PIXELS = 32


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine faces each of two people and of strangers."""
    folder = tmp_path_factory.mktemp("crops")
    for name in ("anna", "ben", "unknown"):
        (folder / name).mkdir()
        for number, chip in enumerate(varied_chips(9, len(name))):
            cv2.imwrite(str(folder / name / f"{number}.png"), chip)
    return folder


@pytest.fixture(scope="module")
def vgg16(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    file = tmp_path_factory.mktemp("vgg16") / "vgg16.h5"
    return file, published("VGG16", file, pictures(), top=True)


@pytest.fixture(scope="module")
def vgg16_without_top(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    file = tmp_path_factory.mktemp("vgg16_notop") / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    return file, published("VGG16", file, pictures(), top=False)


@pytest.fixture(scope="module")
def resnet50(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    file = tmp_path_factory.mktemp("resnet50") / "resnet50_notop.h5"
    return file, published("ResNet50", file, pictures(), top=False)


@pytest.mark.parametrize("layer", ["fc2", "fc1", "block5_pool"])
def test_vgg16_sees_rgb_as_the_published_network_sees_what_keras_prepares(vgg16: tuple[Path, Any], layer: str) -> None:
    import keras  # noqa: PLC0415

    file, original = vgg16
    model = build("classifier/vgg16", classes=5, input_size=PIXELS, weights=str(file))
    expected = answers(original, layer, keras.applications.vgg16.preprocess_input(pictures()))
    assert_alike(answers(model, layer, pictures()), expected)


def test_vgg16_takes_weights_without_the_top_and_has_new_dense_layers(vgg16_without_top: tuple[Path, Any]) -> None:
    import keras  # noqa: PLC0415

    file, original = vgg16_without_top
    model = build("classifier/vgg16", classes=5, input_size=PIXELS, weights=str(file))
    layer = "block5_pool"
    expected = answers(original, layer, keras.applications.vgg16.preprocess_input(pictures()))
    assert_alike(answers(model, layer, pictures()), expected)
    shapes = [model.get_layer(name).kernel.shape for name in ("fc1", "fc2", "class_probs")]
    assert shapes == [(512, 4096), (4096, 4096), (4096, 5)]


def test_vgg16s_new_dense_layers_are_trained_and_its_convolutions_stay(
    vgg16: tuple[Path, Any], vgg16_without_top: tuple[Path, Any]
) -> None:
    settings = TrainSettings(design="classifier/vgg16", input_size=PIXELS, weights=str(vgg16_without_top[0]))
    assert settings.stays == ("block",)
    assert replace(settings, weights=str(vgg16[0])).stays == ("block", "fc")
    with pytest.raises(UsageError, match=r"'fc': .*notop\.h5 is without fc1 and fc2, .* freeze only 'block'"):
        _ = replace(settings, frozen=("block", "fc")).stays


def test_no_simple_model_stands_on_layers_that_are_random(
    vgg16_without_top: tuple[Path, Any], crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tomllib.loads((RECIPES / "features-vgg16.toml").read_text("utf-8"))
    recipe["data"] = {"crops": str(crops), "apart": "photo", "min_photos": 1}
    recipe["model"] |= {"input_size": PIXELS, "weights": str(vgg16_without_top[0])}
    file = tmp_path / "recipe.toml"
    file.write_text(dumps(recipe), "utf-8")
    assert main(["build", str(file)]) == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith("converter: linear_svm: ")
    assert "is without fc1 and fc2" in line


def test_resnet50_sees_rgb_as_the_published_network_sees_what_keras_prepares(resnet50: tuple[Path, Any]) -> None:
    import keras  # noqa: PLC0415

    file, original = resnet50
    model = build("classifier/resnet50", classes=5, input_size=PIXELS, weights=str(file))
    layer = "conv5_block3_out"
    expected = answers(original, layer, keras.applications.resnet50.preprocess_input(pictures()))
    assert_alike(answers(model, layer, pictures()), expected)


@pytest.mark.parametrize("name", ["classifier/vgg16", "classifier/resnet50"])
def test_a_file_of_the_other_network_is_refused_in_one_line(
    name: str, vgg16: tuple[Path, Any], resnet50: tuple[Path, Any]
) -> None:
    other = (resnet50 if name == "classifier/vgg16" else vgg16)[0]
    with pytest.raises(EdgegateError, match=f"^{find(name).name}: weights .*{other.name}") as caught:
        build(name, classes=5, input_size=PIXELS, weights=str(other))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FROM_IMAGENET)
def test_without_a_network_the_recipe_says_so_in_one_line(name: str, tmp_path: Path, crops: Path) -> None:
    recipe = tomllib.loads((RECIPES / f"{name}.toml").read_text("utf-8"))
    recipe["data"] = {"crops": str(crops), "apart": "photo", "min_photos": 1}
    recipe["model"]["input_size"] = PIXELS
    file = tmp_path / "recipe.toml"
    file.write_text(dumps(recipe), "utf-8")
    nowhere = {"KERAS_HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}  # nobody listens there
    call = [sys.executable, "-m", "converter", "build", str(file)]
    done = subprocess.run(call, env=os.environ | nowhere, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("converter: ")]
    assert line.startswith(f"converter: {find(recipe['model']['design']).name}: weights 'imagenet'")
    assert "get the file elsewhere and name it as weights" in line
    assert "Traceback" not in done.stderr


def pictures() -> Image:
    return np.stack([small(chip, PIXELS) for chip in varied_chips(4, 1)])


def assert_alike(given: Any, expected: Any) -> None:
    assert expected.std(axis=0).max() > 0
    assert given == pytest.approx(expected, rel=2e-3, abs=1e-4 * float(np.abs(expected).max()))


def small(chip: Image, pixels: int) -> Image:
    return np.asarray(cv2.resize(chip, (pixels, pixels), interpolation=cv2.INTER_AREA), np.uint8)


def answers(model: Any, layer: str, given: Any) -> Any:
    """Returns what an inner layer says."""
    import keras  # noqa: PLC0415

    return keras.Model(model.input, model.get_layer(layer).output).predict_on_batch(given.astype(np.float32))
