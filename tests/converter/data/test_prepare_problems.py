"""Preparing data with faults: each is reported, all at once, with the way out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converter.cli import main
from converter.compositions.portraits import ASTRONAUT
from converter.data.annotations import read_annotations
from converter.data.compact import Unfit
from converter.data.dataset import load_dataset
from converter.data.prepare import Sources, prepare
from edgegate.errors import UsageError
from tests.support.converter.labelled_photos import (
    labelme,
    photo,
    room,
    write,
    write_empty,
    write_labelled,
)
from tests.support.converter.prepared import problems_of


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
    assert "test would measure what was learnt; make the dataset again" in told
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
