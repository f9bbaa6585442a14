"""Labelled photos become a dataset split by shooting; every fault is told at once, and then nothing is written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER
from converter.data.dataset import SPLITS
from converter.data.prepare import Sources, prepare
from edgegate.enrol import read_picture
from tests.support.converter.labelled_photos import (
    brighter,
    labelme,
    photo,
    room,
    write,
    write_empty,
    write_labelled,
)
from tests.support.converter.prepared import problems_of


def test_every_class_is_in_every_split_and_no_shooting_in_two(sources: Sources, tmp_path: Path) -> None:
    dataset = prepare(sources, tmp_path / "data", min_photos=6).dataset
    assert dataset.classes == ("unknown", "anna", "grace")
    homes: dict[str, set[str]] = {}
    for split in SPLITS:
        assert {sample.label for sample in dataset.splits[split]} == {0, 1, 2}
        for sample in dataset.splits[split]:
            homes.setdefault(sample.group, set()).add(split)
    assert len(homes) == 9
    assert all(len(splits) == 1 for splits in homes.values())


def test_boxes_are_shares_of_the_picture(sources: Sources, tmp_path: Path) -> None:
    dataset = prepare(sources, tmp_path / "data", min_photos=6).dataset
    sample = next(s for s in dataset.samples() if s.image.name.endswith("anna-a_002.jpg"))
    box = photo(ASTRONAUT, 0, 2)[1]
    assert sample.box == pytest.approx((box.x1 / 200, box.y1 / 150, box.x2 / 200, box.y2 / 150), abs=1e-5)
    assert all((s.box is None) == (s.label == 0) for s in dataset.samples())


def test_the_same_seed_gives_the_same_bytes_and_another_another_split(sources: Sources, tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        prepare(sources, tmp_path / name, seed=seed, min_photos=6)
    one, two, other = (_files(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    assert one != other


def test_shares_come_near_70_15_15_when_there_are_many_shootings(tmp_path: Path) -> None:
    for number in range(40):
        write(tmp_path / "rooms" / f"room-{number:02d}x_1.png", room(number))
    photos = tmp_path / "photos"
    write_labelled(photos, "anna")
    dataset = prepare(Sources(photos, (tmp_path / "rooms",)), tmp_path / "data", min_photos=6).dataset
    counts = [sum(s.label == 0 for s in dataset.splits[split]) for split in SPLITS]
    assert counts == [28, 6, 6]


def test_the_compact_form_takes_names_from_a_file(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    rows = []
    for path in write_labelled(photos, "grace"):
        label = json.loads(path.with_suffix(".json").read_text())
        (x2, y2), (x1, y1) = label["shapes"][0]["points"]
        path.with_suffix(".json").unlink()
        shooting = path.stem.split("_")[0]
        box = [x1 / 200, y1 / 150, x2 / 200, y2 / 150]
        rows.append({"image": f"grace/{path.name}", "class": 2, "bbox": box, "group": shooting, "camera": "door"})
    (photos / "labels.json").write_text(json.dumps(rows))
    write_labelled(photos, "anna")
    (photos / "classes.txt").write_text("unknown\nanna\ngrace\n")
    dataset = prepare(Sources(photos, (write_empty(tmp_path / "empty"),)), tmp_path / "data", min_photos=6).dataset
    grace = [sample for sample in dataset.samples() if sample.label == 2]
    assert dataset.classes == ("unknown", "anna", "grace")
    assert {(s.group, s.camera) for s in grace} == {(f"grace-{letter}", "door") for letter in "abc"}


def test_a_dataset_is_what_prepare_reads_too(sources: Sources, tmp_path: Path) -> None:
    first = prepare(sources, tmp_path / "data", min_photos=6).dataset
    (tmp_path / "again" / "photos").mkdir(parents=True)
    for split in SPLITS:
        (tmp_path / "data" / split).rename(tmp_path / "again" / "photos" / split)
    names = tmp_path / "names.txt"
    names.write_text("\n".join(first.classes))
    again = prepare(Sources(tmp_path / "again" / "photos", names=names), tmp_path / "new", min_photos=6).dataset
    assert {s.group for s in again.samples()} == {s.group for s in first.samples()}


def test_pictures_inside_the_label_and_with_boxes_on_the_very_edge_are_fine(sources: Sources, tmp_path: Path) -> None:
    path = sources.photos / "anna" / "anna-a_000.jpg"
    box = replace(photo(ASTRONAUT, 0, 0)[1], x1=-0.4)
    path.with_suffix(".json").write_text(json.dumps(labelme(path, "anna", box, embed=True, camera="phone")))
    path.unlink()
    dataset = prepare(sources, tmp_path / "data", min_photos=6).dataset
    sample = next(s for s in dataset.samples() if s.image.name.endswith("anna-a_000.jpg"))
    assert sample.camera == "phone"
    assert sample.box is not None
    assert sample.box[0] == 0.0


def test_large_photos_are_shrunk_and_turned_upright_without_metadata(sources: Sources, tmp_path: Path) -> None:
    path = sources.photos / "anna" / "anna-a_000.jpg"
    # Model "EdgeCam", orientation 6: the camera was held upright.
    tags = b"\x10\x01\x02\x00\x08\x00\x00\x00\x26\x00\x00\x00" + b"\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"
    tiff = b"II*\x00\x08\x00\x00\x00\x02\x00" + tags + b"\x00\x00\x00\x00" + b"EdgeCam\x00"
    block = b"Exif\x00\x00" + tiff
    image, box = photo(ASTRONAUT, 0, 0)
    turned = cv2.imencode(".jpg", cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE))[1].tobytes()
    path.write_bytes(turned[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + turned[2:])
    path.with_suffix(".json").write_text(json.dumps(labelme(path, "anna", box)))
    dataset = prepare(sources, tmp_path / "data", min_photos=6, longest=100).dataset
    sample = next(s for s in dataset.samples() if s.image.name.endswith("anna-a_000.jpg"))
    upright = read_picture(sample.image)
    assert upright is not None
    assert upright.shape == (75, 100, 3)
    assert sample.camera == "EdgeCam"
    assert b"Exif" not in sample.image.read_bytes()


def test_shootings_that_look_the_same_become_one(sources: Sources, tmp_path: Path) -> None:
    """A copy under another name, a little brighter and smaller, must not be tested on when it was trained on."""
    image, box = photo(ASTRONAUT, 0, 0)
    for frame in range(2):
        path = write(sources.photos / "anna" / f"anna-copy_{frame}.jpg", brighter(image, 9))
        path.with_suffix(".json").write_text(json.dumps(labelme(path, "anna", box)))
    prepared = prepare(sources, tmp_path / "data", min_photos=6)
    assert prepared.merged == 1
    homes = {s.group for s in prepared.dataset.samples() if "anna-a" in s.image.name or "copy" in s.image.name}
    assert len(homes) == 1


def test_a_stranger_is_in_one_split_however_many_shootings_there_are(tmp_path: Path) -> None:
    write_labelled(tmp_path / "photos", "anna")
    for person in range(3):
        for room_number in range(4):
            image = photo(GRACE_HOPPER, 50 + 4 * person + room_number, person)[0]
            write(tmp_path / "others" / f"p{person}" / f"s{room_number}x_1.png", image)
            write(tmp_path / "loose" / f"person-{'klm'[person]}_{room_number}.png", room(90 + 4 * person + room_number))
    sources = Sources(tmp_path / "photos", strangers=(tmp_path / "others", tmp_path / "loose"))
    dataset = prepare(sources, tmp_path / "data", min_photos=6).dataset
    groups = {sample.group for sample in dataset.samples() if sample.label == 0}
    assert groups == {f"others/p{n}" for n in range(3)} | {f"loose/person-{letter}" for letter in "klm"}


def test_a_stranger_has_the_box_that_the_detector_finds(tmp_path: Path) -> None:
    """Without one they would be counted as nobody, and the report could not tell how many strangers are let in."""
    write_labelled(tmp_path / "photos", "anna")
    drawn = {}
    for shooting in range(50, 56):
        name = f"p{shooting}_1.png"
        image, drawn[name] = photo(GRACE_HOPPER, shooting, shooting)
        write(tmp_path / "others" / name, image)
    write(tmp_path / "others" / "back_1.png", room(90))
    prepared = prepare(Sources(tmp_path / "photos", strangers=(tmp_path / "others",)), tmp_path / "data", min_photos=6)
    boxes = {s.image.name.split("-", 1)[-1]: s.box for s in prepared.dataset.samples() if s.label == 0}
    assert prepared.faceless == 1
    assert len(boxes) == 7
    for name, box in drawn.items():
        found = next(found for key, found in boxes.items() if key.endswith(name))
        assert found is not None
        across, down = box.center
        assert (found[0] + found[2]) / 2 == pytest.approx(across / 200, abs=0.05)
        assert (found[1] + found[3]) / 2 == pytest.approx(down / 150, abs=0.05)


def test_a_folder_of_negatives_without_pictures_is_told(sources: Sources, tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    (problem,) = problems_of(replace(sources, strangers=(tmp_path / "others",)), tmp_path / "data")
    assert "others: there are no pictures in it" in problem


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
