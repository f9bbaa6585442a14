"""The whole road from somebody's photos: `build` prepares them as `prepare` does, and stops where that stops."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from converter.cli import main
from converter.data.dataset import SPLITS, load_dataset
from converter.compositions.practice import Amount, write_practice
from edgegate.demo.portraits import ASTRONAUT
from edgegate.vision.packs import load_pack
from edgegate.vision.tflite import Model

pytestmark = [pytest.mark.train, pytest.mark.timeout(300)]

FEW = Amount(occasions=4, photos=15, strangers=24, pictures=2, rooms=4, views=2)
RECIPE = """
[data]
photos = "photos"
strangers = ["strangers"]
empty = ["empty"]
[model]
design = "tracker/cnn"
input_size = 48
width = 0.25
head = 16
[train]
epochs = 1
[quantize]
variants = ["int8"]
[budgets]
accuracy = 0
mean_iou = 0
class_agreement = 0
box_agreement = 0
false_accept_bound = 1
[pack]
name = "door"
"""


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("practice") / "road"
    write_practice(folder, 3, FEW)
    (folder / "recipe.toml").write_text(RECIPE, "utf-8")
    return folder


@pytest.fixture
def road(practice: Path, tmp_path: Path) -> Path:
    """A folder of photos and a recipe, nothing built yet."""
    return Path(shutil.copytree(practice, tmp_path / "road"))


def test_photos_become_a_pack_once(road: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", str(road / "recipe.toml")]) == 0
    told = capsys.readouterr()
    assert "passed: int8 keeps every budget and is preferred" in told.out
    assert "prepare: unknown         train" in told.err
    pack = load_pack(road / "packs" / "door", "tracker")
    assert pack.labels == ("unknown", ASTRONAUT.person)
    Model(pack)  # proves itself on its golden answer
    dataset = load_dataset(road / "build/door/prepare")  # which refuses shootings in two splits
    assert all({sample.label for sample in dataset.splits[split]} == {0, 1} for split in SPLITS)

    assert main(["build", str(road / "recipe.toml")]) == 0
    assert {line.split(": ")[1] for line in capsys.readouterr().err.splitlines()} == {"nothing has changed"}
    (road / "photos" / ASTRONAUT.person / "02_000.json").unlink()
    assert main(["build", str(road / "recipe.toml")]) == 1  # what was built before does not hide what changed
    assert "02_000.jpg: it has no label" in capsys.readouterr().err


def test_photos_with_faults_are_told_and_nothing_is_trained(road: Path, capsys: pytest.CaptureFixture[str]) -> None:
    person = road / "photos" / ASTRONAUT.person
    (person / "00_000.json").unlink()
    (person / "01_000.jpg").write_bytes(b"no picture")
    assert main(["build", str(road / "recipe.toml")]) == 1
    told = capsys.readouterr().err
    assert "00_000.jpg: it has no label" in told
    assert "01_000.jpg cannot be read as a picture" in told
    assert not (road / "build" / "door" / "train").exists()
    assert not (road / "packs").exists()


def test_a_folder_that_is_not_there_is_a_wrong_call(road: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(road / "strangers")
    assert main(["build", str(road / "recipe.toml")]) == 2
    assert "strangers: no such folder" in capsys.readouterr().err
