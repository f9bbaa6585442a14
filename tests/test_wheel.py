"""The wheel: besides code it holds the models, the recipes and the example configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.paths import RECIPES, ROOT

BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of the wheel, built of the tracked files and those that will be."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listing = [
        "git",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        "edgegate",
        "converter",
        "*.*",
    ]
    names = subprocess.run(listing, capture_output=True, text=True, check=True, cwd=ROOT).stdout.split("\0")
    for name in names:
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    subprocess.run([sys.executable, "-c", BUILD, str(out)], check=True, capture_output=True, cwd=source)
    (wheel,) = out.glob("edgegate-*.whl")
    zipfile.ZipFile(wheel).extractall(out / "site")
    return out / "site"


def printed(site: Path, *call: str) -> str:
    """The output of a module, which is the wheel's own."""
    environment = os.environ | {"PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-P", "-m", *call], capture_output=True, text=True, check=True, cwd=site, env=environment
    )
    return done.stdout


def test_it_holds_the_example_configuration_and_prints_it(unpacked: Path) -> None:
    example = (ROOT / "config.toml").read_text("utf-8")
    (installed,) = unpacked.glob("*.data/data/share/edgegate/config.toml")
    assert installed.read_text("utf-8") == example
    assert printed(unpacked, "edgegate.config") == example


def test_it_holds_every_recipe_and_prints_it(unpacked: Path) -> None:
    recipes = sorted(RECIPES.glob("*.toml"))
    assert [file.name for file in sorted((unpacked / "converter" / "recipes").iterdir())] == [r.name for r in recipes]
    listed = printed(unpacked, "converter", "recipes").splitlines()
    assert [line.split()[0] for line in listed] == sorted(recipe.stem for recipe in recipes)
    for recipe in recipes[:2]:
        assert printed(unpacked, "converter", "recipes", recipe.stem) == recipe.read_text("utf-8")


def test_it_holds_every_file_of_the_models(unpacked: Path) -> None:
    models = Path("edgegate") / "models"
    files = {path.relative_to(ROOT) for path in (ROOT / models).rglob("*") if path.is_file()}
    assert {path.relative_to(unpacked) for path in (unpacked / models).rglob("*") if path.is_file()} == files
