"""Every recipe that is shipped, gone from photos to a pack that the daemon loads: on drawn people, at reduced size."""

from __future__ import annotations

from tests.support.paths import RECIPES

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from converter.cli import main
from converter.compositions.portraits import ASTRONAUT, read, varied_chips
from converter.compositions.practice import Amount, write_practice
from converter.recipe.recipe import load_recipe
from converter.toml import dumps
from edgegate import app
from edgegate.app.networks import confidence_in_words
from edgegate.config import Config, RecognitionSettings, load
from edgegate.errors import ModelError
from edgegate.gallery import Enrolled
from edgegate.types import Frame
from edgegate.vision.analyzer import build_analyzer
from edgegate.vision.classifier import ClassifierNetwork
from edgegate.vision.packs import load_pack, shipped
from edgegate.vision.tflite import Model
from tests.support.converter.published_weights import published

pytestmark = pytest.mark.train


AMOUNT = Amount(occasions=1, photos=1, strangers=24, pictures=4, rooms=1, views=1, people=3, days=6, pictures_a_day=6)

ANYTHING = {
    "accuracy": 0.0,
    "class_agreement": 0.0,
    "false_accept_bound": 1.0,
    "tar": 0.0,
    "embedding_agreement": 0.0,
    "mean_iou": 0.0,
    "box_agreement": 0.0,
}
"""Budgets that nothing misses: so small and so short a training learns next to nothing."""

REDUCED: Mapping[str, dict[str, dict[str, Any]]] = {
    "classifier-cnn": {"model": {"input_size": 64}, "train": {"epochs": 3, "batch_size": 32}},
    "classifier-resnet50": {
        "model": {"input_size": 32},
        "train": {"epochs": 1, "batch_size": 32},
        "quantize": {"variants": ["int8", "float16"]},
    },
    "classifier-resnet50-imagenet": {
        "model": {"input_size": 32},
        "train": {"epochs": 1, "batch_size": 32},
        "quantize": {"variants": ["int8", "dynamic"]},
    },
    "classifier-cnn-course": {"model": {"input_size": 64}, "train": {"batch_size": 32}},
    "classifier-resnet50-course": {
        "model": {"input_size": 32},
        "train": {"epochs": 1, "batch_size": 32},
        "quantize": {"variants": ["int8"]},
    },
    "classifier-vgg16-course-1e-4": {
        "model": {"input_size": 32},
        "train": {"epochs": 1, "batch_size": 32},
        "quantize": {"variants": ["int8"]},
    },
    "classifier-vgg16-course-1e-3": {
        "model": {"input_size": 32},
        "train": {"epochs": 1, "batch_size": 32},
        "quantize": {"variants": ["int8"]},
    },
    "classifier-vgg16": {"model": {"input_size": 32}, "train": {"epochs": 1, "batch_size": 32}},
    "features-five-people": {},
    "features-vgg16": {"model": {"input_size": 32}},
    "embedder-facenet": {
        "model": {"width": 0.125, "head": 32},
        "train": {"epochs": 1, "batch_size": 30},
        "quantize": {"variants": ["float32"]},
    },
    "embedder-mobilefacenet": {
        "model": {"width": 0.125, "head": 32},
        "train": {"epochs": 2, "batch_size": 30},
        "quantize": {"variants": ["int8", "float32"]},
    },
}
"""The changes to each, besides where the photos are."""

COURSES = {
    "classifier-cnn-course": ("classifier/cnn", 1e-5, 10),
    "classifier-resnet50-course": ("classifier/resnet50", 1e-5, 5),
    "classifier-vgg16-course-1e-4": ("classifier/vgg16", 1e-4, 5),
    "classifier-vgg16-course-1e-3": ("classifier/vgg16", 1e-3, 5),
}
"""The documents' designs, rates of Adam and epochs."""

QUICK = ("classifier-cnn", "features-five-people")
"""Recipes that every run of the tests goes."""


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("practice") / "practice"
    write_practice(folder, 3, AMOUNT)
    return folder


def test_every_recipe_of_a_design_is_gone_here() -> None:
    others = {"example", "face-tracker"}
    assert {file.stem for file in RECIPES.glob("*.toml")} - others == set(REDUCED)


@pytest.mark.parametrize("name", REDUCED)
def test_a_shipped_recipe_has_no_mistakes(name: str) -> None:
    recipe = load_recipe(RECIPES / f"{name}.toml")
    assert recipe.pack.name == name
    assert recipe.backbone.task == name.split("-", maxsplit=1)[0].replace("features", "classifier")


@pytest.mark.parametrize("name", COURSES)
def test_a_courses_recipe_has_the_values_of_its_document(name: str) -> None:
    settings = load_recipe(RECIPES / f"{name}.toml").train_settings()
    assert (settings.design, settings.learning_rate, settings.epochs) == COURSES[name]
    assert (settings.learner, settings.batch_size, settings.schedule) == ("adam", 128, "constant")
    assert settings.patience >= settings.epochs


def test_every_courses_recipe_is_held_to_its_document() -> None:
    assert {file.stem for file in RECIPES.glob("*-course*.toml")} == set(COURSES)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.full) for name in REDUCED]
)
def test_a_recipe_leads_to_a_pack_that_the_daemon_loads(name: str, practice: Path, tmp_path: Path) -> None:
    recipe = reduced(name, practice, tmp_path)
    assert main(["build", str(recipe)]) == 0
    task = load_recipe(recipe).backbone.task
    pack = load_pack(tmp_path / "packs" / name, task)
    model = Model(pack)  # proves itself on its golden answer
    assert pack.report["grade"] == "passed"
    assert {"report.html", "report.json"} <= {file.name for file in pack.folder.iterdir()}
    if task == "classifier":
        assert pack.labels == ("unknown", "person 1", "person 2", "person 3")
        assert pack.outputs == {"class_probs": (1, 4)}
        assert pack.input.margin == (None if name == "features-five-people" else 0.2)
        assert {row["data"] for row in pack.thresholds} == {f"strangers held out of {name}"}
        assert "(calibrated: " in confidence_in_words(load(), pack)
        assert_it_classifies(model)
    else:
        assert pack.outputs == {"embedding": (1, 32)}
        assert_it_embeds(pack.folder)


def assert_it_classifies(model: Model) -> None:
    frame = Frame(0.0, 0, read(ASTRONAUT))
    analyzer = build_analyzer()
    face = analyzer.judge(frame, analyzer.detect(frame)[0])
    assert ClassifierNetwork(model).classify(frame, face).sum() == pytest.approx(1, abs=0.05)


def assert_it_embeds(folder: Path) -> None:
    """Faces, aligned as its card says; and without a table of thresholds it opens nothing, and says what to do."""
    config = Config(recognition=RecognitionSettings(embedder=str(folder)))
    frame = Frame(0.0, 0, read(ASTRONAUT))
    analyzer = app.build_analyzer(config)
    embedding = analyzer.describe(frame, analyzer.detect(frame)[0]).embedding
    assert embedding is not None
    assert float(embedding @ embedding) == pytest.approx(1, abs=1e-3)
    with pytest.raises(ModelError, match=r"edgegate evaluate .*--table.*converter import table"):
        app.build_identifier(config, Enrolled(()))


def reduced(name: str, practice: Path, folder: Path) -> Path:
    """The recipe with the photos of `practice`, small, and with weights that only look like ImageNet's."""
    tables = tomllib.loads((RECIPES / f"{name}.toml").read_text("utf-8"))
    for table, changes in REDUCED[name].items():
        tables[table] = tables.get(table, {}) | changes
    for key in ("people", "strangers"):
        if key in tables["data"]:
            found = [practice / Path(text).name for text in _listed(tables["data"][key])]
            tables["data"][key] = str(found[0]) if key == "people" else [str(one) for one in found]
    if tables["model"].get("weights") == "imagenet":
        tables["model"]["weights"] = str(_pretended(tables["model"]["design"], folder))
    if "face-embedder" in tables["model"].get("weights", ""):
        tables["model"]["weights"] = str(shipped("face-embedder"))
    tables["budgets"] = tables["budgets"] | ANYTHING
    tables["pack"]["out"] = "packs"
    file = folder / f"{name}.toml"
    file.write_text(dumps(tables), "utf-8")
    return file


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _pretended(design: str, folder: Path) -> Path:
    """A file of weights as Keras publishes them, only random."""
    architecture = "VGG16" if design == "classifier/vgg16" else "ResNet50"
    chips = [cv2.resize(chip, (32, 32), interpolation=cv2.INTER_AREA) for chip in varied_chips(8, 3)]
    published(architecture, folder / "published.h5", np.stack(chips), top=architecture == "VGG16")
    return folder / "published.h5"
