"""Clips as visits through the whole door, photos as enrolment judges them, and the command's page."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from edgegate.recognition.thresholds import rate_bound
from tests.support.door_scenes import ENROLLED, STRANGER, stills, write_scene
from tests.support.linear_packs import write_classifier_pack, write_tracker_pack
from tests.support.photo_folders import save_photos
from tests.support.program import Program


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for name, script in {
        "ann-near": [("enrolled", 0.8)],
        "ann-far": [("far", 0.8)],
        "bea-near": [("stranger", 0.8)],
        "bea-wide": [("stranger in front", 0.8)],
    }.items():
        write_scene(folder / f"{name}.avi", script)
    return folder


def test_clips_are_visits_through_the_whole_door(edgegate: Program, clips: Path) -> None:
    result = edgegate("evaluate", clips, "--clips", "--json")
    assert (result.status, result.err) == (0, "")
    found = result.json
    assert (found["people"], found["photos"], found["frames"]) == (2, 3, 5)
    assert (found["genuine"]["trials"], found["genuine"]["granted"], found["genuine"]["refused"]) == (4, 4, [])
    assert (found["strangers"]["trials"], found["strangers"]["granted"]) == (8, 0)
    assert found["strangers"]["highest"] < found["threshold"]
    assert found["strangers"]["error_rate_bound_95"] == pytest.approx(rate_bound(0, 8))
    words = edgegate("evaluate", clips, "--clips").out
    assert "4 of 4 visits let in" in words
    assert "0 of 8 visits let in" in words
    assert ("NOT carried" in words) is not found["promise_carried"]


def test_a_clip_without_another_is_no_trial(edgegate: Program, clips: Path) -> None:
    result = edgegate("evaluate", clips, "--clips", "--identity", "(ann)-near")
    assert (result.status, result.err) == (0, "")
    assert "0 of 0 visits let in" in result.out


def test_a_clip_without_a_usable_face_is_a_missed_visit(edgegate: Program, tmp_path: Path) -> None:
    script = {"ann/day/one.avi": "enrolled", "ann/night/two.avi": "nobody", "bea/day/three.avi": "stranger"}
    for name, still in script.items():
        (tmp_path / name).parent.mkdir(parents=True)
        write_scene(tmp_path / name, [(still, 0.8)])
    page = tmp_path / "page.html"
    found = edgegate("evaluate", tmp_path, "--clips", "--json", "--report", page).json
    assert found["clips_without_usable_face"] == ["two"]
    assert (found["missed_grants"], found["false_grants"]) == (1, 0)
    assert [(pair["enrolled"], pair["visitor"]) for pair in found["genuine"]["refused"]] == [("one", "two")]
    assert {row["condition"]: row["missed_grants"] for row in found["conditions"]} == {"day": 0, "night": 1}
    assert "Nobody could be seen well enough in two" in page.read_text("utf-8")


def test_seconds_count_from_the_first_usable_face(edgegate: Program, clips: Path) -> None:
    found = edgegate("evaluate", clips, "--clips", "--json").json
    seconds = found["seconds_to_grant"]
    assert seconds["visits"] == 4
    assert seconds["median"] == pytest.approx(0.4, abs=0.02)  # five frames of a recording with ten a second
    assert seconds["each"] == sorted(seconds["each"])


def test_a_tracker_is_asked_where_the_config_names_one(edgegate: Program, clips: Path, tmp_path: Path) -> None:
    pack = write_tracker_pack(tmp_path / "bea", ("unknown", "bea"), [(stills()["nobody"], 0, None)] * 2)
    config = ("--set", f"recognition.model={pack}")  # it never names anybody, so that nobody gets in
    found = edgegate("evaluate", clips, "--clips", "--json", *config).json
    assert (found["genuine"]["granted"], found["genuine"]["trials"]) == (0, 4)
    assert found["subject"]["network"].startswith("bea@")


@pytest.mark.parametrize(("alone", "wrongly"), [("false", 0), ("true", 4)])
def test_a_classifier_is_asked_about_faces_and_may_be_believed_alone(
    alone: str, wrongly: int, edgegate: Program, clips: Path, tmp_path: Path
) -> None:
    everybody = [(stills()[name][155:255, 260:360], 1) for name in ("enrolled", "stranger")]
    pack = write_classifier_pack(tmp_path / "bea", ("unknown", "bea"), everybody)  # it takes everybody for bea
    config = ("--set", f"recognition.model={pack}", "--set", f"recognition.model_alone={alone}")
    found = edgegate("evaluate", clips, "--clips", "--json", *config).json
    assert (found["genuine"]["granted"], found["strangers"]["granted"]) == (2, wrongly)  # of those before bea's door
    assert found["subject"]["network"].startswith("bea@")


def test_photos_are_judged_as_enrolment_does(edgegate: Program, people: Path) -> None:
    found = edgegate("evaluate", people, "--enrol", "1", "--json").json
    assert (found["people"], found["people_enrolled"], found["photos"], found["photos_enrolled"]) == (2, 2, 1, 1)
    assert (found["strangers"]["granted"], found["strangers"]["trials"]) == (0, 8)
    assert found["visits"]["genuine"]["granted"] == found["visits"]["genuine"]["trials"] > 0
    rows = tomllib.loads(edgegate("evaluate", people, "--table", "two portraits").out)["thresholds"]
    assert {row["data"] for row in rows} == {"two portraits"}


def test_photos_are_counted(edgegate: Program, people: Path) -> None:
    found = edgegate("evaluate", people, "--enrol", "1", "--json").json
    assert (found["photos_seen"], found["undetected"], found["faults"]) == (9, 1, {"no_face": 1})
    assert (found["genuine"], found["impostors"], found["unusable_probes"]) == (4, 4, 1)
    assert found["rates"] == []  # four comparisons of strangers carry none
    assert found["door"]["one_enrolled"]["false_accepts"] == 0
    assert {row["condition"]: row["genuine"] for row in found["conditions"]} == {"bright": 0, "dim": 4}
    words = edgegate("evaluate", people, "--enrol", "1").out
    assert "9 photos, 1 without a face found; not used: 1 no face" in words
    assert "too few strangers' comparisons for any rate" in words


def test_rates_are_listed_as_far_as_the_counts_carry(edgegate: Program, tmp_path: Path) -> None:
    save_photos(tmp_path / "people" / "ann", ENROLLED, (0.8, 1.0, 1.1))
    save_photos(tmp_path / "others" / "bea", STRANGER, np.linspace(0.7, 1.1, 101).tolist())
    page = tmp_path / "page.html"
    call = ("evaluate", tmp_path / "people", "--enrol", "1", "--strangers", tmp_path / "others", "--report", page)
    found = edgegate(*call, "--json").json
    (row,) = found["rates"]
    assert (found["people_strangers"], found["impostors"]) == (1, 101)
    assert row.keys() >= {"false_accept_rate", "true_accept_rate", "threshold", "bound_95"}
    assert (row["false_accept_rate"], row["true_accept_rate"], row["false_accepts"]) == (0.01, 1.0, 1)
    assert row["bound_95"] == pytest.approx(0.05)  # one person shows next to nothing
    html = page.read_text("utf-8")
    assert "100.00% recognised, letting in one stranger&#x27;s comparison in 100" in html
    assert "<svg" in html
    assert "<script" not in html


def test_a_page_appears_only_when_it_is_complete(edgegate: Program, people: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert "nobody has 9 usable photos" in edgegate("evaluate", people, "--enrol", "9", "--report", page).problem
    assert list(tmp_path.glob("*page*")) == []


def test_a_data_set_that_is_none_is_told(edgegate: Program, tmp_path: Path) -> None:
    for call, problem in {
        (tmp_path / "none",): "no such data set",
        (tmp_path,): "no photos; expected one folder a person",
        (tmp_path, "--clips"): "no clips whose name matches",
        (tmp_path, "--clips", "--strangers", tmp_path): "--strangers: goes with photos",
        (tmp_path, "--table", "x", "--report", tmp_path / "x.html"): "--table: prints a pack's rows",
        (tmp_path, "--labels", tmp_path / "l.csv"): "no such file of labels",
    }.items():
        result = edgegate("evaluate", *call)
        assert result.status == 2
        assert problem in result.problem
