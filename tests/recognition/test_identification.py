"""Identification of an embedding: the best match, its runner-up, and what it must reach in a gallery that changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.recognition.identification import OWN_FRAME_RATE, Identifier
from edgegate.recognition.thresholds import Table
from edgegate.types import Prediction
from tests.support.fakes import EMBEDDER, FakePeople, looks, person, photo
from tests.support.identifying import ANN, BEN, ROWS, identifier


def test_with_nobody_enrolled_nothing_matches() -> None:
    nobody = identifier([])
    assert nobody.match(looks(0), 5) is None
    assert nobody.match_own(looks(0)) is None


def test_somebody_alone_has_no_runner_up() -> None:
    match = identifier([ANN]).match(looks(60), 5)
    assert match is not None
    assert (match.person, match.margin) == (ANN.id, 2.0)
    assert match.score == pytest.approx(0.5)


def test_the_best_match_leads_the_runner_up_by_its_margin() -> None:
    match = identifier([ANN, BEN]).match(looks(60), 5)
    assert match is not None
    assert match.person == BEN.id
    assert (match.score, match.margin) == pytest.approx((np.cos(np.pi / 6), np.cos(np.pi / 6) - 0.5))


def test_two_who_look_the_same_have_no_margin() -> None:
    match = identifier([ANN, person("twin", photo(looks(0)))]).match(looks(0), 5)
    assert match is not None
    assert match.margin == 0.0


def test_the_threshold_follows_frames_photos_and_the_number_of_people() -> None:
    ann_of_many = person("ann", *(photo(looks(0)) for _ in range(8)))
    crowd = [person(f"p{i}", photo(looks(180))) for i in range(9)]
    cases = [
        (identifier([ANN]), 5, 0.901),
        (identifier([ANN]), 1, 0.851),
        (identifier([ann_of_many]), 5, 0.905),
        (identifier([ANN, *crowd]), 5, 0.921),
    ]
    for alone_or_not, frames, threshold in cases:
        match = alone_or_not.match(looks(0), frames)
        assert match is not None
        assert match.threshold == pytest.approx(threshold)


def test_the_deciding_frame_alone_has_a_rate_of_its_own_however_many_are_enrolled() -> None:
    crowd = [person(f"p{i}", photo(looks(180))) for i in range(99)]
    for people in ([ANN], [ANN, *crowd]):
        own = identifier(people).match_own(looks(0))
        assert own is not None
        assert own.threshold == Table(ROWS).threshold(1, 1, OWN_FRAME_RATE).value


# Several looks.

MASKED = replace(photo(looks(60)), look="mask")


CID = person("cid", photo(looks(0)), MASKED, MASKED)


@pytest.mark.parametrize(("degrees", "score"), [(10, 10), (40, 20), (60, 0)])
def test_a_person_scores_as_the_likest_appearance_and_is_no_own_runner_up(degrees: float, score: float) -> None:
    ben = person("ben", photo(looks(30)))
    match = identifier([ben, CID]).match(looks(degrees), 5, Prediction("cid", 0.99))
    assert match is not None
    assert match.person == CID.id
    assert match.score == pytest.approx(np.cos(np.radians(score)))
    assert match.margin == pytest.approx(np.cos(np.radians(score)) - np.cos(np.radians(abs(degrees - 30))), abs=1e-6)


def test_each_look_asks_for_what_its_own_photos_do() -> None:
    five = [replace(photo(looks(60)), look="mask")] * 5
    known = identifier([person("cid", photo(looks(0)), *five)])
    usual, masked = known.match(looks(0), 5), known.match(looks(60), 5)
    assert usual is not None
    assert masked is not None
    assert [usual.threshold, masked.threshold] == pytest.approx([0.921, 0.925])
    assert known.threshold(known.people[0]).value == pytest.approx(0.925)


def test_the_promise_is_shared_among_templates_and_not_among_people() -> None:
    looks_of_one = [replace(photo(looks(180)), look=f"look {i}") for i in range(9)]
    many_looks, many_people = identifier([ANN, person("ben", *looks_of_one)]), identifier([ANN, *[BEN] * 9])
    assert many_looks.match(looks(0), 5) is not None
    assert many_looks.door_rate().threshold == many_people.door_rate().threshold
    assert many_looks.door_rate().shown_rate == many_people.door_rate().shown_rate
    assert many_looks.door_rate().in_words().startswith("2 enrolled in 10 looks; ")


@given(st.integers(1, 12), st.integers(0, 12), st.floats(1e-5, 1e-1))
def test_one_more_look_never_lowers_what_is_asked(looks_before: int, more: int, rate: float) -> None:
    def threshold(count: int) -> float:
        one = person("ann", *(replace(photo(looks(i)), look=str(i)) for i in range(count)))
        return Identifier(FakePeople((one,)), Table(ROWS), EMBEDDER, rate, 5).threshold(one).value

    assert threshold(looks_before + more) >= threshold(looks_before)


def test_photos_of_another_network_are_not_matched() -> None:
    other = photo(looks(0), embedder="f" * 64)
    mixed = person("mixed", photo(looks(90)), other)
    known = identifier([person("old", other), mixed])
    assert [p.name for p in known.foreign] == ["old"]
    assert [p.name for p in known.people] == ["mixed"]
    match = known.match(looks(0), 5)
    assert match is not None
    assert (match.person, match.margin) == (mixed.id, 2.0)
    assert match.score == pytest.approx(0.0, abs=1e-6)


def test_ten_thousand_people_are_told_apart_in_one_call() -> None:
    rng = np.random.default_rng(7)
    faces = rng.normal(size=(10_000, 128)).astype(np.float32)
    faces /= np.linalg.norm(faces, axis=1, keepdims=True)
    everybody = identifier([person(f"p{i}", photo(face)) for i, face in enumerate(faces)])
    for i in (0, 1, 4_999, 9_999):
        scores = np.sort(faces @ faces[i])
        match = everybody.match(faces[i], 5)
        assert match is not None
        assert match.person == f"id-of-p{i}"
        assert (match.score, match.margin) == pytest.approx((1.0, scores[-1] - scores[-2]), abs=1e-5)


# With a tracker network's claim: one person is asked after.


@pytest.mark.parametrize(("degrees", "margin"), [(10, 0.811), (60, -0.366)])
def test_a_prediction_is_compared_with_whom_it_names_and_nobody_nearer_is_missed(degrees: float, margin: float) -> None:
    known = identifier([ANN, BEN])
    for match in (
        known.match(looks(degrees), 5, Prediction("ann", 0.95)),
        known.match_own(looks(degrees), Prediction("ann", 1)),
    ):
        assert match is not None
        assert match.person == ANN.id
        assert (match.score, match.margin) == pytest.approx((np.cos(np.radians(degrees)), margin), abs=1e-3)


def test_a_claim_asks_the_same_of_a_score() -> None:
    known = identifier([ANN, BEN])
    claimed, free = known.match(looks(0), 5, Prediction("ann", 0.95)), known.match(looks(0), 5)
    assert claimed == free


@pytest.mark.parametrize("name", ["cid", "unknown", None])
def test_a_claim_that_names_nobody_enrolled_matches_nobody(name: str | None) -> None:
    known = identifier([ANN, BEN])
    assert known.match(looks(0), 5, Prediction(name, 0.99)) is None
    assert known.match_own(looks(0), Prediction(name, 0.99)) is None


def test_a_name_is_confirmed_from_when_it_is_enrolled_until_it_is_forgotten() -> None:
    gallery = FakePeople((ANN,))
    known = identifier(gallery)
    for revision, (everybody, found) in enumerate([((ANN, BEN), True), ((ANN,), False)], 1):
        gallery.everybody, gallery.revision = everybody, revision
        known.refresh()
        assert (known.match(looks(90), 5, Prediction("ben", 0.95)) is not None) is found
