"""Measuring error rates: what counts as a trial, what becomes a table's row, and `edgegate evaluate`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.errors import UsageError
from edgegate.evaluation.dataset import clip_visits, in_part, photo_visits, photos_in
from edgegate.evaluation.scores import Looks, TrialScores, measure
from edgegate.evaluation.tables import rows_of, table, to_toml
from edgegate.recognition.thresholds import rate_bound
from tests.support.fakes import looks


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


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
