"""A dataset is written whole or not at all, and says everything that is wrong with it when loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.data.dataset import Dataset, Sample, load_dataset, save_dataset, writing
from converter.data.groups import merged, shooting
from converter.data.problems import DataError
from converter.data.splitting import contents, missing, split_groups
from edgegate.errors import UsageError
from tests.support.converter.labelled_photos import room, write


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    pictures = [write(tmp_path / "raw" / f"p{number}.png", room(number)) for number in range(3)]
    rows = [Sample(picture, 1, (0.25, 0.5, 0.75, 1.0), f"g{n}", "door") for n, picture in enumerate(pictures)]
    nobody = Sample(pictures[0], 0, None, "room")
    return Dataset(("unknown", "anna"), {"train": (rows[0], nobody), "valid": (rows[1],), "test": (rows[2],)}, seed=5)


def test_what_is_saved_is_what_is_loaded(dataset: Dataset, tmp_path: Path) -> None:
    loaded = save_dataset(dataset, tmp_path / "data")
    assert (loaded.classes, loaded.seed) == (dataset.classes, 5)
    for one, other in zip(loaded.samples(), dataset.samples(), strict=True):
        assert (one.label, one.box, one.group, one.camera) == (other.label, other.box, other.group, other.camera)
        assert one.image.read_bytes() == other.image.read_bytes()
    assert loaded.splits["train"][1].image == tmp_path / "data" / "train" / "images" / "00001-p0.png"


def test_nothing_is_left_behind_when_writing_fails(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "raw" / "p2.png").unlink()
    with pytest.raises(Exception, match="could not be written to its end"):
        save_dataset(dataset, tmp_path / "data")
    with pytest.raises(KeyboardInterrupt), writing(tmp_path / "data", dataset.classes):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_a_folder_in_use_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is there already"):
        save_dataset(dataset, tmp_path / "raw")
    with pytest.raises(UsageError, match="no dataset here"):
        load_dataset(tmp_path / "raw")


@pytest.mark.parametrize(
    ("file", "change", "expected"),
    [
        ("dataset.json", lambda head: head | {"schema": 9}, "its schema is 9, not 1"),
        ("dataset.json", lambda head: head | {"classes": "anna"}, "not a list of names"),
        ("dataset.json", lambda head: head | {"classes": ["anna", "unknown"]}, "class 0 is not 'unknown'"),
        ("train/labels.json", lambda rows: {"rows": rows}, "not a list of labels"),
        ("train/labels.json", lambda rows: [rows[0] | {"class": 2}], "label 0: class 2 has no name"),
        ("train/labels.json", lambda rows: [rows[0] | {"class": True}], "class True is not a number"),
        ("train/labels.json", lambda rows: [rows[0] | {"bbox": None}], "there is no box"),
        ("train/labels.json", lambda rows: [rows[0] | {"bbox": [0.5, 0, 0.5, 1]}], "is empty"),
        ("train/labels.json", lambda rows: [rows[0] | {"bbox": [0, 0, 1, 10**400]}], "outside the picture"),
        ("train/labels.json", lambda rows: [rows[0] | {"image": "images/gone.png"}], "images/gone.png is not there"),
        ("train/labels.json", lambda rows: [rows[0] | {"group": 1}], "group and camera are names"),
        ("train/labels.json", lambda rows: [1], 'label 0: it is not {"image"'),
        ("valid/labels.json", lambda rows: [rows[0] | {"group": "g0"}], "group 'g0' is in train and valid"),
    ],
)
def test_damage_is_told(
    dataset: Dataset, tmp_path: Path, file: str, change: Callable[[object], object], expected: str
) -> None:
    save_dataset(dataset, tmp_path / "data")
    path = tmp_path / "data" / file
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(DataError) as raised:
        load_dataset(tmp_path / "data")
    assert expected in str(raised.value)


def test_files_that_are_missing_or_no_json_are_told_together(dataset: Dataset, tmp_path: Path) -> None:
    save_dataset(dataset, tmp_path / "data")
    (tmp_path / "data" / "dataset.json").write_text("{")
    (tmp_path / "data" / "test" / "labels.json").unlink()
    with pytest.raises(DataError) as raised:
        load_dataset(tmp_path / "data")
    told = str(raised.value)
    assert "cannot be read as JSON" in told
    assert "test/labels.json: it is not there" in told


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("anna/monday_0012.jpg", "anna/monday"),
        ("anna/monday (3).jpg", "anna/monday"),
        ("0004_00_00_01_12.jpg", "0004_00_00_01"),
        ("anna/0012.jpg", "anna"),
        ("../elsewhere/IMG_7.jpg", "../elsewhere/IMG"),
    ],
)
def test_a_shooting_is_the_name_before_the_frame_number(name: str, expected: str) -> None:
    assert shooting(Path("photos") / name, Path("photos")) == expected
    assert shooting(Path("/other/place") / "x_1.jpg", Path("photos")) == "place/x"


def test_groups_that_a_chain_of_pairs_connects_are_one() -> None:
    assert merged(["a", "b", "c", "d", "b"], [(0, 1), (2, 4)]) == ["a", "a", "a", "d", "a"]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=60),
    st.integers(0, 99),
)
def test_whatever_the_groups_each_has_one_home_and_no_class_is_missing_without_need(
    pictures: list[tuple[int, int]], seed: int
) -> None:
    """Classes of a group of their own are everywhere from three groups on."""
    groups = contents([f"{label}/{group}" for group, label in pictures], [label for _, label in pictures])
    homes = split_groups(groups, seed)
    assert set(homes) == set(groups)
    assert homes == split_groups(groups, seed)
    for label in {label for _, label in pictures}:
        count = sum(label in counts for counts in groups.values())
        assert sum(lacking == label for lacking, _ in missing(groups, homes)) == max(0, 3 - count)
