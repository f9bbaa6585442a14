"""Photos and labels lie as courses leave them: in folders beside each other, split already, their names as it came."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.data.compact import Unfit, parse_label
from converter.data.dataset import SPLITS, load_dataset
from converter.data.finding import PictureFinder
from converter.data.prepare import Sources, prepare
from converter.data.summary import remarks
from converter.recipe.recipe import load_recipe
from tests.support.converter.labelled_photos import write_empty, write_labelled
from tests.support.converter.prepared import problems_of


def apart(folder: Path, photos: list[Path], *, path: str = "..\\images\\{}", compact: bool = False) -> Path:
    """Move photos into `images`, and their labels, which mean another computer's path, into `labels`."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for photo in photos:
        document = json.loads(photo.with_suffix(".json").read_text("utf-8"))
        document["imagePath"] = path.format(photo.name)
        if compact:
            (x2, y2), (x1, y1) = document["shapes"][0]["points"]
            box = [x1 / 200, y1 / 150, x2 / 200, y2 / 150]
            document = {"image": photo.name, "class": [1], "bbox": box}
        (folder / "labels" / photo.with_suffix(".json").name).write_text(json.dumps(document), "utf-8")
        photo.with_suffix(".json").unlink()
        photo.rename(folder / "images" / photo.name)
    return folder


@pytest.mark.parametrize("compact", [False, True])
def test_images_lie_beside_labels(compact: bool, tmp_path: Path) -> None:
    photos = apart(tmp_path / "photos", write_labelled(tmp_path / "taken", "anna"), compact=compact)
    (photos / "classes.txt").write_text("\ufeffunknown\nanna\n", "utf-8")
    dataset = prepare(Sources(photos, (write_empty(tmp_path / "empty"),)), tmp_path / "data", min_photos=6).dataset
    assert dataset.classes == ("unknown", "anna")
    assert sum(sample.label == 1 for sample in dataset.samples()) == 12


def split_photos(tmp_path: Path) -> Path:
    """Train, valid and test, a shooting of anna and one of nobody each."""
    photos = tmp_path / "photos"
    for number, split in enumerate(("train", "Val", "test")):
        taken = write_labelled(tmp_path / split, "anna", shootings=1, frames=6, first=number)
        apart(photos / split, taken)
        room = write_empty(tmp_path / f"empty {split}", rooms=number + 1)
        for picture in sorted(room.glob(f"room-{'abc'[number]}_*.png")):
            moved = photos / split / "images" / f"{split}-{picture.name}"
            picture.rename(moved)
            label = {"image": moved.name, "class": 0, "bbox": [0, 0, 0, 0]}
            (photos / split / "labels" / moved.with_suffix(".json").name).write_text(json.dumps(label))
    return photos


def test_a_split_that_was_made_stays(tmp_path: Path) -> None:
    prepared = prepare(Sources(split_photos(tmp_path)), tmp_path / "data", min_photos=6)
    for split in SPLITS:
        names = [sample.image.name for sample in prepared.dataset.splits[split]]
        assert len([name for name in names if "anna" in name]) == 6
        wanted = {"train": "anna-a", "valid": "anna-b", "test": "anna-c"}[split]
        assert all(wanted in name for name in names if "anna" in name)
    assert "the photos came split into training, validation and test, and stay so" in list(remarks(prepared))
    assert load_dataset(tmp_path / "data").splits == prepared.dataset.splits


def test_a_picture_on_both_sides_is_refused(tmp_path: Path) -> None:
    photos = split_photos(tmp_path)
    other = min((photos / "train" / "images").glob("anna*"))
    twin = photos / "test" / "images" / "anna-twin_001.jpg"
    twin.write_bytes(other.read_bytes() + b"\0")
    label = json.loads((photos / "train" / "labels" / f"{other.stem}.json").read_text("utf-8"))
    (photos / "test" / "labels" / "anna-twin_001.json").write_text(json.dumps(label | {"imagePath": twin.name}))
    problems = problems_of(Sources(photos), tmp_path / "data")
    assert any(
        "it is the same picture as" in line and "remove it from train, or from test" in line for line in problems
    )


def test_a_split_without_validation_is_one_line(tmp_path: Path) -> None:
    photos = split_photos(tmp_path)
    (photos / "Val").rename(tmp_path / "away")
    problems = problems_of(Sources(photos), tmp_path / "data")
    assert any("it came split, and has no pictures in valid" in problem for problem in problems)


NAMES = st.text(st.characters(categories=["L", "N"], include_characters=" _-é"), min_size=1, max_size=12)


@given(name=NAMES, form=st.sampled_from(["NFC", "NFD"]), other=st.sampled_from(["NFC", "NFD"]))
def test_a_name_is_found_in_any_form_of_unicode(
    name: str, form: str, other: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("photos")
    picture = folder / (unicodedata.normalize(form, name) + ".jpg")  # type: ignore[arg-type]
    picture.touch()
    meant = unicodedata.normalize(other, name) + ".jpg"  # type: ignore[arg-type]
    assert PictureFinder().find(folder / "label.json", meant) == picture


@pytest.mark.parametrize(
    ("label", "picture", "meant"),
    [
        ("labels/u.0.json", "images/u.0.jpg", "u.jpg"),  # an augmented copy, as courses leave it
        ("Labels/u.json", "Images/u.jpg", "u.jpg"),
        ("train/labels/anna/u.json", "train/images/anna/u.jpg", "u.jpg"),
        ("train/labels.json", "train/images/u.jpg", "u.jpg"),
    ],
)
def test_a_picture_is_found_where_courses_put_it(label: str, picture: str, meant: str, tmp_path: Path) -> None:
    for name in (label, picture):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert PictureFinder().find(tmp_path / label, meant) == tmp_path / picture


def test_case_does_not_matter_where_one_fits(tmp_path: Path) -> None:
    (tmp_path / "Anna.JPG").touch()
    assert PictureFinder().find(tmp_path / "anna.json", "anna.jpg") == tmp_path / "Anna.JPG"
    (tmp_path / "ANNA.jpg").touch()
    with pytest.raises(Unfit, match=r"anna\.jpg may be ANNA\.jpg and Anna\.JPG"):
        PictureFinder().find(tmp_path / "anna.json", "anna.jpg")
    assert PictureFinder().find(tmp_path / "anna.json", "Anna.JPG") == tmp_path / "Anna.JPG"
    assert not PictureFinder().find(tmp_path / "anna.json", "other.jpg").exists()


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    photos = write_labelled(tmp_path / "photos", "anna")
    for photo in photos:
        label = photo.with_suffix(".json")
        label.write_text("\ufeff" + label.read_text("utf-8"), "utf-8")
    sources = Sources(tmp_path / "photos", (write_empty(tmp_path / "empty"),))
    assert prepare(sources, tmp_path / "data", min_photos=6).dataset.classes == ("unknown", "anna")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('\ufeff[data]\nphotos = "photos"\n', "utf-8")
    assert load_recipe(recipe).data.photos == tmp_path / "photos"


def test_a_class_in_a_list_is_that_class() -> None:
    assert parse_label({"image": "a.jpg", "class": [1], "bbox": [0.1, 0.1, 0.2, 0.2]}).number == 1
    assert parse_label({"image": "a.jpg", "class": 0, "bbox": [0, 0, 0, 0]}).box is None
    assert parse_label({"image": "a.jpg", "class": 1, "bbox": [-1e-7, 0, 0.5, 1 + 1e-7]}).box == (0, 0, 0.5, 1)
