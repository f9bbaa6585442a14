"""A recipe is read whole: every mistake at once, each with its key."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest

from converter.recipe.example import render
from converter.recipe.recipe import Recipe, load_recipe, parse_recipe
from converter.training.settings import TrainSettings
from edgegate.errors import ConfigError, UsageError
from tests.support.paths import RECIPES

EXAMPLE = RECIPES / "example.toml"


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_shortest_recipe_has_the_defaults(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, "[data]\ncompositions = 900\n"))
    assert recipe.quantize.variants == ("dynamic", "int8", "float16")
    assert recipe.train_settings() == TrainSettings(weights="none")
    assert recipe.pack.out == tmp_path / "packs"


def test_the_example_is_the_rendered_one() -> None:
    assert EXAMPLE.read_text("utf-8") == render(), (
        "run `python -m converter.recipe.example > converter/recipes/example.toml`"
    )


def test_the_example_says_what_holds_without_it() -> None:
    assert load_recipe(EXAMPLE) == parse_recipe({"data": {"photos": "photos"}}, EXAMPLE)


def test_every_key_is_in_the_example_with_its_meaning_above() -> None:
    lines = render().splitlines()
    shown = tomllib.loads("\n".join(line.removeprefix("# ") if " = " in line else line for line in lines))
    assert {name: set(table) for name, table in shown.items()} == {
        name: set(type(table).model_fields) for name, table in load_recipe(EXAMPLE)
    }
    assert list(shown) == list(Recipe.model_fields)
    for above, line in itertools.pairwise(lines):
        if line and (" = " in line or line.startswith("[")):
            assert above.startswith("# ")
            assert "None" not in above


def test_paths_are_beside_the_recipe(tmp_path: Path) -> None:
    text = '[data]\nphotos = "a"\nempty = ["b"]\n[model]\nweights = "w.h5"\n[pack]\nout = "/elsewhere"\n'
    recipe = load_recipe(written(tmp_path, text))
    assert (recipe.data.photos, recipe.data.empty) == (tmp_path / "a", (tmp_path / "b",))
    assert recipe.model.weights == str(tmp_path / "w.h5")
    assert recipe.pack.out == Path("/elsewhere")


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = """
    [data]
    photos = "a"
    dataset = "b"
    [model]
    inputsize = 120
    width = "wide"
    [train]
    epochs = 0
    [quantize]
    variants = ["int8", "int4"]
    calibration_images = 49
    [budget]
    accuracy = 0.9
    [budgets]
    accuracy = 98
    """
    with pytest.raises(ConfigError) as raised:
        load_recipe(written(tmp_path, text))
    lines = [line.removeprefix(f"{tmp_path / 'recipe.toml'}: ") for line in raised.value.problems]
    assert lines == [
        "data: name one of photos, people, crops, dataset and compositions, not photos and dataset",
        "model.width = 'wide': must be a valid number",
        "model.inputsize: unknown key; did you mean input_size?",
        "train.epochs = 0: must be greater than or equal to 1",
        "quantize.variants.1 = 'int4': must be 'float32', 'float16', 'dynamic' or 'int8'",
        "quantize.calibration_images = 49: must be greater than or equal to 50",
        "budgets.accuracy = 98: must be less than or equal to 1",
        "budget: unknown key; did you mean budgets?",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "data: is missing"),
        ("[data]\n", "name one of photos, people, crops, dataset and compositions, not none"),
        ('[data]\ndataset = "a"\nstrangers = ["b"]', "strangers and empty go with photos, not with dataset"),
        ("data = 3", "data = 3: must be a table"),
        ('[data]\ndataset = "a"\n[quantize]\nvariants = ["int8", "int8"]', "names a variant twice"),
        ('[data]\ndataset = "a"\n[pack]\nname = "../up"', "pack.name = '../up': must match"),
        ("[data", "not valid TOML"),
    ],
)
def test_a_mistake_is_named(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        load_recipe(written(tmp_path, text))
    assert reason in str(raised.value)


def test_no_recipe_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such recipe"):
        load_recipe(tmp_path / "none.toml")
