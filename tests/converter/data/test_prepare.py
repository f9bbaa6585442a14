"""Labelled photos become a dataset split by shooting; every fault is told at once, and then nothing is written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converter.cli import main
from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER
from converter.data.annotations import read_annotations
from converter.data.compact import Unfit
from converter.data.dataset import SPLITS, load_dataset
from converter.data.prepare import Sources, prepare
from converter.data.problems import DataError
from edgegate.enrol import read_picture
from edgegate.errors import UsageError
from tests.support.converter.labelled_photos import (
    brighter,
    labelme,
    photo,
    room,
    write,
    write_empty,
    write_labelled,
)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    photos = tmp_path / "photos"
    write_labelled(photos, "anna")
    write_labelled(photos, "grace")
    return Sources(photos, (write_empty(tmp_path / "empty"),))


def problems_of(sources: Sources, out: Path, min_photos: int = 6) -> list[str]:
    with pytest.raises(DataError) as raised:
        prepare(sources, out, min_photos=min_photos)
    assert not out.exists()
    assert not list(out.parent.glob(".*.partial"))
    return [str(problem) for problem in raised.value.problems]


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


def test_every_fault_is_told_at_once(sources: Sources, tmp_path: Path) -> None:
    anna = sources.photos / "anna"
    for name, text in {
        "anna-a_000": '{"shapes": [], "imagePath": "anna-a_000.jpg"}',
        "anna-a_001": '{"shapes": [',
        "anna-a_002": '{"image": "anna-a_002.jpg", "class": 1, "bbox": [0.1, 0.1, 1.4, 0.5]}',
        "anna-a_003": '{"image": "anna-a_003.jpg", "class": 7, "bbox": [0.1, 0.1, 0.4, 0.5]}',
        "anna-b_000": '{"image": "nowhere.jpg", "class": 0}',
    }.items():
        (anna / f"{name}.json").write_text(text)
    (anna / "anna-b_001.json").unlink()
    (anna / "anna-b_002.jpg").write_bytes(b"\xff\xd8 no picture")
    outside = photo(ASTRONAUT, 0, 0)[1]
    label = labelme(anna / "anna-b_003.jpg", "anna", replace(outside, x2=230.0))
    (anna / "anna-b_003.json").write_text(json.dumps(label))
    other = labelme(anna / "anna-c_000.jpg", "anna", outside, imageWidth=640, imageHeight=480)
    (anna / "anna-c_000.json").write_text(json.dumps(other))
    copy = write(sources.photos / "grace" / "grace-z_0.jpg", room(1))
    copy.write_bytes((anna / "anna-c_001.jpg").read_bytes())
    copy.with_suffix(".json").write_text(json.dumps(labelme(copy, "grace", photo(ASTRONAUT, 2, 1)[1])))
    problems = "\n".join(problems_of(sources, tmp_path / "data", min_photos=7))
    for expected in (
        "anna-a_000.json: no box is drawn; ",
        "anna-a_001.json: it cannot be read as JSON",
        "anna-a_002.json: the box [0.1, 0.1, 1.4, 0.5] is outside the picture",
        "anna-a_003.json: class 7 has no name",
        "anna-b_000.json: the picture it names is not there",
        "anna-b_001.jpg: it has no label; ",
        "anna-b_002.json: anna-b_002.jpg cannot be read as a picture",
        "reaches outside the picture (200×150 pixels)",
        "anna-c_000.json: the box was drawn on a picture of 640×480 pixels, and this one has 200×150",
        "it is the same picture as",
        "class 'anna' has 3 photos of the 7 it needs; take more",
        "class 'unknown' has 6 photos of the 7 it needs; give folders with --empty and --strangers",
    ):
        assert expected in problems


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"shapes": [{"label": "anna", "points": [[1, 1], [9, 9], [1, 9]], "shape_type": "polygon"}]}, "a polygon"),
        ({"shapes": [{"label": "anna", "points": [[1, 1]], "shape_type": "rectangle"}]}, "not two corners"),
        ({"shapes": [{"label": "anna", "points": [[9, 9], [10, 40]], "shape_type": "rectangle"}]}, "is empty"),
        ({"shapes": [{"label": " ", "points": [[1, 1], [9, 9]], "shape_type": "rectangle"}]}, "has no label"),
        ({"shapes": [{"label": "anna"}, {"label": "grace"}]}, "2 boxes are drawn"),
        ({"shapes": 3}, "not a file of the LabelMe tool"),
        ({"group": 3}, "group and camera are names"),
    ],
)
def test_what_labelme_can_draw_but_the_tracker_cannot_learn(
    sources: Sources, tmp_path: Path, change: dict[str, object], expected: str
) -> None:
    path = sources.photos / "anna" / "anna-a_000.jpg"
    label = labelme(path, "anna", photo(ASTRONAUT, 0, 0)[1]) | change
    path.with_suffix(".json").write_text(json.dumps(label))
    (problem,) = problems_of(sources, tmp_path / "data")
    assert expected in problem


def test_a_mistyped_name_is_told_with_the_nearest(sources: Sources, tmp_path: Path) -> None:
    (sources.photos / "classes.txt").write_text("unknown\nanna\ngrace\n")
    path = sources.photos / "anna" / "anna-a_000.jpg"
    path.with_suffix(".json").write_text(json.dumps(labelme(path, "ana", photo(ASTRONAUT, 0, 0)[1])))
    (problem,) = problems_of(sources, tmp_path / "data")
    assert "label 'ana' is not in the list of classes; did you mean 'anna'?" in problem


def test_one_shooting_cannot_be_split(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    write_labelled(photos, "anna", shootings=1, frames=8)
    write_labelled(photos, "grace")
    (problem,) = problems_of(Sources(photos, (write_empty(tmp_path / "empty"),)), tmp_path / "data")
    assert "class 'anna' would be missing from" in problem
    assert "its photos are of 1 separate shootings (anna/anna-a)" in problem
    assert "take photos on three occasions or more" in problem


def test_paths_that_are_wrong_are_wrong_calls(sources: Sources, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nobody: there is no such folder\n.*names\.txt: there is no such file"):
        prepare(replace(sources, strangers=(tmp_path / "nobody",), names=tmp_path / "names.txt"), tmp_path / "data")
    with pytest.raises(UsageError, match="is there already"):
        prepare(sources, sources.photos)
    with pytest.raises(UsageError, match="is inside"):
        prepare(sources, sources.photos / "data")


def test_the_command_tells_counts_and_checks(
    sources: Sources, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "data"
    call = ["prepare", str(sources.photos), "--empty", str(sources.empty[0]), "--out", str(out), "--min-photos", "6"]
    assert main([*call, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["classes"] == ["unknown", "anna", "grace"]
    assert result["splits"]["test"]["anna"] == {"pictures": 4, "shootings": 1}
    assert main(call) == 2
    assert main(["prepare", str(out), "--check"]) == 0
    capsys.readouterr()
    train = load_dataset(out).splits["train"][-1]
    test = load_dataset(out).splits["test"][-1]
    test.image.write_bytes(train.image.read_bytes())
    load_dataset(out).splits["valid"][0].image.write_bytes(b"")
    assert main(["prepare", str(out), "--check"]) == 1
    told = capsys.readouterr().err
    assert "cannot be read as a picture" in told
    assert "it looks like" in told
    assert "test would measure what was learnt; make the dataset anew" in told
    assert all(line.startswith("converter: ") for line in told.splitlines())


def test_the_command_tells_each_fault_on_a_line(
    sources: Sources, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("anna-a_000", "anna-a_001"):
        (sources.photos / "anna" / f"{name}.json").unlink()
    assert main(["prepare", str(sources.photos), "--out", str(tmp_path / "data"), "--min-photos", "6"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 3
    assert not (tmp_path / "data").exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
KEYS = st.sampled_from(("image", "class", "bbox", "group", "imagePath", "shapes", "flags", "imageWidth", "imageData"))
SHAPES = st.lists(st.dictionaries(st.sampled_from(("label", "points", "shape_type")), JSON | st.just("rectangle")))
LABELS = st.dictionaries(KEYS, JSON | SHAPES)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(label=JSON | LABELS | st.lists(LABELS, max_size=3))
def test_whatever_a_label_holds_it_is_read_or_told(label: object, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(label))
    annotations, problems = read_annotations(tmp_path, None)
    rows = len(label) if isinstance(label, list) else 1
    assert len(annotations) + len(problems) >= rows
    for annotation in annotations:
        with pytest.raises(Unfit):
            annotation.picture()


@pytest.mark.parametrize("image", ["", "\0", "x" * 300, "\ud800", "..", "/"])
def test_a_name_that_no_picture_can_have_is_told(sources: Sources, tmp_path: Path, image: str) -> None:
    (sources.photos / "odd.json").write_text(json.dumps({"image": image, "class": 0}))
    (problem,) = problems_of(sources, tmp_path / "data")
    assert "odd.json: " in problem


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
