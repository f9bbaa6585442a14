"""Photos in a folder for each person: who they are, what is kept apart, and the faces cut out of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER, read
from converter.data.cutting import cut_dataset, cutter
from converter.data.dataset import SPLITS, Dataset
from converter.data.people import read_people
from converter.data.prepare import Sources, prepare
from converter.data.problems import DataError
from edgegate.types import Image
from edgegate.vision.align import TEMPLATES, align
from edgegate.vision.packs import InputSpec


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people and two strangers, each portrait in many lights; one photo shows nobody."""
    folder = tmp_path_factory.mktemp("photos")
    faces = {"people/anna": read(ASTRONAUT)[:330], "people/ben": read(GRACE_HOPPER)[:480]}
    for number in range(9):
        for name, image in faces.items():
            write(folder / name / f"day{number % 3}_{number}.jpg", moved(image, number))
        write(folder / "strangers" / f"s{number}" / "1.jpg", moved(faces["people/ben"][:, ::-1], number))
    write(folder / "people" / "anna" / "wall_1.jpg", np.full((200, 200, 3), 90, np.uint8))
    return folder


def moved(image: Image, number: int) -> Image:
    rng = np.random.default_rng(number)
    top, bottom, left, right = (int(edge) for edge in rng.integers(0, 80, 4))
    colour = [int(level) for level in rng.integers(0, 255, 3)]
    framed = cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour)
    return np.asarray(np.clip(framed * rng.uniform(0.5, 1.2), 0, 255), np.uint8)


def write(file: Path, image: Image) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), image)


@pytest.fixture(scope="module")
def dataset(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    sources = Sources(folder / "people", strangers=(folder / "strangers",), kind="people", apart="photo")
    prepared = prepare(sources, tmp_path_factory.mktemp("prepared") / "data", min_photos=3)
    assert prepared.left_out == 1  # the wall
    return prepared.dataset


def test_names_are_the_folders_and_groups_what_is_to_be_kept_apart(folder: Path) -> None:
    groups = {apart: read_people(folder / "people", apart, cut=False)[0] for apart in ("shooting", "photo", "person")}
    assert {one.name for one in groups["photo"]} == {"anna", "ben"}
    assert {one.group for one in groups["person"]} == {"anna", "ben"}
    assert {one.group for one in groups["shooting"]} == {
        "anna/wall", *(f"{name}/day{day}" for name in ("anna", "ben") for day in range(3))
    }  # fmt: skip
    assert len({one.group for one in groups["photo"]}) == 19


def test_every_class_is_in_every_split(dataset: Dataset) -> None:
    assert dataset.classes == ("unknown", "anna", "ben")
    for split in SPLITS:
        assert {sample.label for sample in dataset.splits[split]} == {0, 1, 2}


def test_a_classifiers_faces_are_squares_around_the_box(dataset: Dataset, tmp_path: Path) -> None:
    cut, lost = cut_dataset(dataset, tmp_path / "cut", cutter(InputSpec(96, 96, 0, 255, "rgb", margin=0.2)))
    assert lost == 0
    assert sum(map(len, cut.splits.values())) == sum(map(len, dataset.splits.values()))
    for sample in cut.samples():
        assert sample.box == (0, 0, 1, 1)
        assert np.asarray(cv2.imread(str(sample.image))).shape == (96, 96, 3)


@pytest.mark.parametrize("template", ["arcface-112", "facenet-160"])
def test_an_embedders_faces_are_aligned_as_the_daemon_aligns_them(
    dataset: Dataset, tmp_path: Path, template: str
) -> None:
    size = TEMPLATES[template].size
    cut, lost = cut_dataset(dataset, tmp_path / "cut", cutter(InputSpec(size, size, 0, 255, "rgb", template)))
    assert lost == 0
    anna = next(sample for sample in cut.splits["train"] if sample.label == 1)
    chip = cv2.cvtColor(np.asarray(cv2.imread(str(anna.image))), cv2.COLOR_BGR2RGB).astype(np.float32)
    expected = align(read(ASTRONAUT), ASTRONAUT.points("arcface-112"), TEMPLATES[template]).astype(np.float32)
    middle = slice(size // 4, -size // 4)
    correlation = np.corrcoef(chip[middle, middle].ravel(), expected[middle, middle].ravel())[0, 1]
    assert correlation > 0.8


def test_people_are_kept_apart_where_that_is_wanted(folder: Path, tmp_path: Path) -> None:
    sources = Sources(folder / "strangers", kind="people", apart="person")
    dataset = prepare(sources, tmp_path / "data", min_photos=1).dataset
    homes = [{sample.label for sample in dataset.splits[split]} for split in SPLITS]
    assert not homes[0] & homes[1]
    assert not (homes[0] | homes[1]) & homes[2]
    assert min(map(len, homes)) >= 2


def test_too_few_people_are_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="it holds 2 people, and 6 are the least"):
        prepare(Sources(folder / "people", kind="people", apart="person"), tmp_path / "data", min_photos=1)


def test_crops_are_taken_as_they_are_and_unknown_is_a_folder_like_others(dataset: Dataset, tmp_path: Path) -> None:
    for name in ("unknown", "anna"):
        for number in range(6):
            noise = np.random.default_rng((number, len(name))).integers(0, 255, (6, 6, 3), np.uint8)
            picture = cv2.resize(noise, (64, 64), interpolation=cv2.INTER_CUBIC)
            write(tmp_path / "crops" / name / f"{number}.png", np.asarray(picture, np.uint8))
    sources = Sources(tmp_path / "crops", kind="crops", apart="photo")
    found = prepare(sources, tmp_path / "data", min_photos=3).dataset
    assert found.classes == ("unknown", "anna")
    assert {sample.box for sample in found.samples()} == {(0, 0, 1, 1)}
