"""Classifiers and embedders at the size they are published in: counted, and files that the daemon's runtime takes."""

from __future__ import annotations

from tests.support.paths import RECIPES

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from converter.tflite import guards, runtime
from converter.tflite.answers import Floats, outputs_of_keras
from converter.architectures import DESIGNS, build
from converter.compositions.portraits import varied_chips
from converter.tflite.quantize import quantize, to_int8
from converter.recipe.recipe import load_recipe
from converter.training.train import freeze
from converter.tflite.variants import Variant
from edgegate.types import Image
from tests.support.converter.published_weights import published
from tests.support.converter.untaught import balance, condition

pytestmark = [pytest.mark.train, pytest.mark.full, pytest.mark.timeout(1800)]


CLASSES = 290
SEED = 1

COUNTED = {
    "classifier/cnn": (224, 448 + 4_640 + 18_496 + 224 + (64 * 28 * 28 + 1) * CLASSES),
    "classifier/resnet50": (1_503_104, 22_084_608 + (2048 + 1) * CLASSES),
    "classifier/vgg16": (134_260_544, 1_188_130),
    "embedder/facenet": (28_832, 22_779_312),
    "embedder/mobilefacenet": (19_584, 995_584),
}
"""Parameters that stay as they are and that are trained, where the network begins with weights if there are any. What
normalization has measured counts as staying."""

FROM_A_FILE = {
    "classifier/resnet50": ("classifier-resnet50-imagenet", "ResNet50", False),
    "classifier/vgg16": ("classifier-vgg16", "VGG16", True),
}
"""Designs that begin with weights: its recipe, keras.applications' name of the network, and whether with its top."""

SPREAD = 2.0
"""Of the logits over the pictures: int8 tells probabilities by 256 steps, and 290 alike would all be the same one."""

FEW = 8
"""Pictures that ranges are measured on, and answers compared: the file is in question here, not how good it is."""

VARIANTS: tuple[Variant, ...] = ("float32", "int8")

MAX_DEVIATION = {"float32": 1e-3, "int8": 0.8}
"""From the Keras model's answers, as a share of what they differ by from picture to picture: a constant has 1."""

NOT_IN_INT8 = "classifier/resnet50"
"""The design in which pictures differ, after fifty random layers, by less than 8 bits tell: only that answers are numbers,
and not always the same, is asked of it. `class_agreement` judges a network that has learnt."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    name: str
    model: Any
    pictures: Image
    """(n, size, size, 3) RGB uint8."""


@pytest.fixture(scope="module", params=COUNTED)
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Network:
    name = request.param
    pictures = faces(DESIGNS[name].input_size)
    return Network(name, begun(name, pictures, tmp_path_factory.mktemp("weights")), pictures)


def test_every_design_of_faces_is_here() -> None:
    designs = {name for name, design in DESIGNS.items() if design.task != "tracker" and not design.on_a_pack}
    assert set(COUNTED) == designs


def test_it_has_so_many_parameters(network: Network) -> None:
    assert counted(network.model) == COUNTED[network.name]


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_is_converted_and_answers_as_keras_does(network: Network, variant: Variant) -> None:
    model, pictures = network.model, network.pictures
    (output,) = model.output
    reference = outputs_of_keras(model, pictures)[output]
    blob = to_int8(model, pictures) if variant == "int8" else quantize(model, variant)
    guards.check_input(blob, variant)
    assert len(blob) == pytest.approx(model.count_params() * guards.BYTES_PER_WEIGHT[variant], rel=0.35)
    given = runtime.run(blob, pictures, reference.shape[1], task=DESIGNS[network.name].task).outputs[output]
    guards.check_values(f"{variant}: {output}", given, reference)
    assert not guards.is_constant(reference)
    if variant == "float32" or network.name != NOT_IN_INT8:
        assert deviation(given, reference) <= MAX_DEVIATION[variant]


@pytest.mark.parametrize("network", FROM_A_FILE, indirect=True)
def test_a_lesson_changes_all_that_is_trained_and_nothing_else(network: Network) -> None:
    from converter.training.compiled import compiled  # noqa: PLC0415 - imports Keras

    model = compiled(network.model, "classifier", 1e-3, "triplet", CLASSES)
    parts = [list(model.trainable_weights), frozen(model)]
    before = [[np.array(weight) for weight in part] for part in parts]
    model.train_on_batch(network.pictures.astype(np.float32), {"class_probs": np.arange(FEW, dtype=np.int32)})
    changed = [
        {weight.path for weight, old in zip(part, values, strict=True) if not np.array_equal(weight, old)}
        for part, values in zip(parts, before, strict=True)
    ]
    assert changed == [{weight.path for weight in parts[0]}, set()]


def begun(name: str, pictures: Image, folder: Path) -> Any:
    """A network of the design, never taught, whose answers depend on the pictures; frozen as a recipe would."""
    import keras  # noqa: PLC0415 - only where TensorFlow is installed

    keras.utils.set_random_seed(SEED)
    if name in FROM_A_FILE:
        recipe, architecture, top = FROM_A_FILE[name]
        file = folder / "published.h5"
        published(architecture, file, pictures, top=top)
        model = build(name, classes=CLASSES, weights=str(file))
        file.unlink()  # half a gigabyte, which pytest would keep
        freeze(model, load_recipe(RECIPES / f"{recipe}.toml").train_settings().stays)
    else:
        model = build(name, classes=CLASSES)
        condition(model, pictures.astype(np.float32), SEED)
    balance(model, pictures, SPREAD)
    return model


def counted(model: Any) -> tuple[int, int]:
    """Parameters that stay as they are, and that are trained."""
    parts = model.non_trainable_weights, model.trainable_weights
    stay, trained = (sum(int(np.prod(weight.shape)) for weight in part) for part in parts)
    return stay, trained


def frozen(model: Any) -> list[Any]:
    """The weights of layers that are not trained."""
    return [weight for layer in model.layers if not layer.trainable for weight in layer.weights]


def faces(size: int) -> Image:
    return np.stack([np.asarray(cv2.resize(chip, (size, size)), np.uint8) for chip in varied_chips(FEW, 3)])


def deviation(given: Floats, expected: Floats) -> float:
    """Root mean square, as a share of that of `expected` around its mean over the pictures."""
    return float(np.linalg.norm(given - expected) / np.linalg.norm(expected - expected.mean(axis=0)))
