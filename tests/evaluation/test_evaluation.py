"""Measuring error rates: what counts as a trial, what becomes a table's row, and `edgegate evaluate`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.demo.portraits import DemoPortrait
from edgegate.errors import UsageError
from edgegate.evaluation.dataset import clip_visits, in_part, photo_visits, photos_in
from edgegate.evaluation.scores import Looks, TrialScores, measure
from edgegate.evaluation.tables import rows_of, table, to_toml
from edgegate.recognition.thresholds import rate_bound
from tests.support.door_scenes import ENROLLED, STRANGER, stills, write_scene
from tests.support.fakes import looks
from tests.support.linear_packs import write_classifier_pack, write_tracker_pack
from tests.support.program import Program


def visit(person: str, name: str, *degrees: float) -> Looks:
    return Looks(person, name, tuple((looks(angle), 1.0) for angle in degrees))


def cosine(degrees: float) -> float:
    return float(looks(0) @ looks(degrees))


def test_every_enrolment_meets_every_visit_of_others_and_the_persons_own_others() -> None:
    measured = measure([visit("a", "a1", 0), visit("a", "a2", 10), visit("b", "b1", 60)], photos=1, frames=1)
    assert measured.people == 2
    assert sorted(measured.genuine) == pytest.approx([cosine(10)] * 2)
    assert sorted(measured.strangers) == pytest.approx(sorted([cosine(60)] * 2 + [cosine(50)] * 2))


def test_a_stranger_counts_with_the_best_window_of_the_visit() -> None:
    door = visit("a", "a1", 0, 0)
    stranger = visit("b", "b1", 90, 40, 20, 80)  # the best two frames in a row pool to 30 degrees
    measured = measure([door, stranger], photos=1, frames=2)
    assert measured.strangers.max() == pytest.approx(cosine(30), abs=1e-6)


def test_one_visit_alone_is_genuine_against_its_later_photos() -> None:
    measured = measure([visit("a", "a1", 0, 0, 0, 25), visit("b", "b1", 90, 90, 90, 90)], photos=3, frames=1)
    assert measured.genuine[0] == pytest.approx(cosine(25))


def test_visits_with_too_few_frames_take_no_part() -> None:
    measured = measure([visit("a", "a1", 0), visit("b", "b1", 90)], photos=3, frames=3)
    assert (len(measured.genuine), len(measured.strangers), measured.people) == (0, 0, 0)


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=400), st.integers(0, 2**32 - 1))
def test_a_row_bounds_the_strangers_it_lets_in(scores: list[float], seed: int) -> None:
    measured = np.random.default_rng(seed).permutation(np.array(scores, np.float32))
    rows = rows_of("set", 1, 1, TrialScores(np.empty(0, np.float32), measured, 2))
    strangers = measured.astype(np.float64)  # as the door compares
    for row in rows:
        accepted = int((strangers >= row.threshold).sum())
        assert rate_bound(accepted, row.trials) <= row.rate + 1e-9
    assert not (strangers >= rows[-1].threshold).any()
    assert [row.rate for row in rows] == sorted((row.rate for row in rows), reverse=True)


def test_a_table_is_written_as_a_packs_card_holds_it() -> None:
    seen = [visit(f"p{person}", "v", *(person * 7.0 + i for i in range(6))) for person in range(12)]
    rows = table("a set", seen)
    assert tomllib.loads(to_toml(rows, "abc"))["thresholds"][0].keys() == {
        "data",
        "photos",
        "frames",
        "rate",
        "threshold",
        "trials",
    }
    assert {(row.photos, row.frames) for row in rows} == {(p, f) for p in (1, 3, 5) for f in (1, 3, 5)}
    assert {row.trials for row in rows} == {12 * 11}


def test_a_third_of_the_people_is_held_out_and_the_same_on_every_machine() -> None:
    people = [f"Person_{number}" for number in range(900)]
    held_out = {person for person in people if in_part(person, "held-out")}
    assert 250 < len(held_out) < 350
    assert held_out.isdisjoint(person for person in people if in_part(person, "tables"))
    assert [person for person in people[:6] if person in held_out] == ["Person_0", "Person_1", "Person_2", "Person_4"]


def test_photos_that_differ_in_the_last_number_are_one_visit(tmp_path: Path) -> None:
    for name in ("ann/01_2.jpg", "ann/01_10.jpg", "ann/02_1.jpg", "bob/bob_0001.jpg", "bob/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    visits = {visit.name: [path.name for path in visit.files] for visit in photo_visits(tmp_path, "all")}
    assert visits == {"01": ["01_2.jpg", "01_10.jpg"], "02": ["02_1.jpg"], "bob": ["bob_0001.jpg"]}


def test_a_folder_below_a_person_is_a_condition(tmp_path: Path) -> None:
    for name in ("ann/glasses/1.jpg", "ann/plain/1.jpg", "bob/2.jpg", "bob/.thumbs/2.jpg", "ann/plain/deeper/9.jpg"):
        _touch(tmp_path / name)
    found = [(photo.person, photo.condition, photo.file.name) for photo in photos_in(tmp_path)]
    assert found == [("ann", "glasses", "1.jpg"), ("ann", "plain", "1.jpg"), ("bob", "", "2.jpg")]


def test_labels_say_whom_a_file_shows(tmp_path: Path) -> None:
    for name in ("a.jpg", "deep/b.jpg", "c.mp4"):
        _touch(tmp_path / name)
    labels = tmp_path / "labels.csv"
    labels.write_text("file,person,condition\na.jpg,ann,dark\ndeep/b.jpg,bob,\nc.mp4,ann,dark\n", "utf-8-sig")
    assert [(p.person, p.condition) for p in photos_in(tmp_path)] == [("ann", "dark"), ("bob", "")]
    (clip,) = clip_visits(tmp_path, "-", "all")
    assert (clip.person, clip.name, clip.condition) == ("ann", "c", "dark")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name,who\na.jpg,ann\n", "its first line must name the columns file"),
        ("file,person\na.jpg,ann\nb.jpg,bob\n", "line 3: no such file b.jpg"),
        ("file,person\na.jpg,\n", "line 2: a label needs a file and a person"),
        ("file,person\na.jpg,ann\na.jpg,bob\n", "a.jpg is labelled twice"),
        ("file,person\n", "no photos; expected one folder a person"),
    ],
)
def test_wrong_labels_are_told_by_their_line(tmp_path: Path, text: str, problem: str) -> None:
    _touch(tmp_path / "a.jpg")
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(UsageError, match=problem):
        photos_in(tmp_path)


def test_the_name_of_a_clip_says_whose_it_is(tmp_path: Path) -> None:
    for name in ("live-1-a.mp4", "live-2-a.mkv", "print-1-a.mp4"):
        (tmp_path / name).touch()
    visits = clip_visits(tmp_path, r"live-(\d)", "all")
    assert [(visit.person, visit.name) for visit in visits] == [("1", "live-1-a"), ("2", "live-2-a")]
    with pytest.raises(UsageError, match="no clips whose name matches 'nobody'"):
        clip_visits(tmp_path, "nobody", "all")
    with pytest.raises(UsageError, match="not a regular expression"):
        clip_visits(tmp_path, "(", "all")
    first, *_ = clip_visits(tmp_path, r"(?P<condition>live|print)-(?P<person>\d)", "all")
    assert (first.person, first.condition) == ("1", "live")


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


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, four photos each in two conditions, and one photo without a face."""
    folder = tmp_path_factory.mktemp("people")
    for person, portrait in (("ann", ENROLLED), ("bea", STRANGER)):
        _save_photos(folder / person / "bright", portrait, (1.0, 1.1))
        _save_photos(folder / person / "dim", portrait, (0.7, 0.85))
    assert cv2.imwrite(str(folder / "ann" / "dim" / "dim_9.png"), np.full((200, 200, 3), 90, np.uint8))
    return folder


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
    _save_photos(tmp_path / "people" / "ann", ENROLLED, (0.8, 1.0, 1.1))
    _save_photos(tmp_path / "others" / "bea", STRANGER, np.linspace(0.7, 1.1, 101).tolist())
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


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def _save_photos(folder: Path, portrait: DemoPortrait, lights: Sequence[float]) -> None:
    folder.mkdir(parents=True)
    image = cv2.imread(str(portrait.file))
    assert image is not None
    for number, light in enumerate(lights):
        picture = np.clip(image * light, 0, 255).astype(np.uint8)
        assert cv2.imwrite(str(folder / f"{folder.name}_{number}.png"), picture)
