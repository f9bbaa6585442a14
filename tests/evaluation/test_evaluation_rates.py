"""Rates and their bounds against brute force and known answers: who is compared with whom, and what follows."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegate.errors import UsageError
from edgegate.evaluation import rates
from edgegate.evaluation.comparisons import Comparisons, Genuine, Tail, compare
from edgegate.evaluation.dataset import Labelled
from edgegate.evaluation.split import Split, Vectors, split
from edgegate.evaluation.vision import Judged
from edgegate.recognition.thresholds import rate_bound
from edgegate.vision.faces import FaceFault
from tests.support.fakes import looks

Floats = npt.NDArray[np.float32]


def shot(file: str, degrees: float = 0.0, *, fault: FaceFault | None = None) -> Judged:
    """A photo by its path, `person/file` or `person/condition/file`."""
    person, *condition, _ = Path(file).parts
    return Judged(Labelled(Path(file), person, *condition), None if fault else (looks(degrees), 1.0), fault)


def shots(person: str, count: int, fault: FaceFault | None = None) -> list[Judged]:
    return [shot(f"{person}/{person}_{number}.jpg", fault=fault) for number in range(count)]


# who is enrolled, who comes


def test_the_first_photos_enrol_and_the_others_come_to_the_door() -> None:
    found = split([*shots("ann", 5), *shots("bea", 3), *shots("cid", 1)], 3)
    assert found.persons == ("ann", "bea", "cid")
    assert found.templates.person.tolist() == [0]  # bea has no photo left to come with
    assert found.probes.person.tolist() == [0, 0, 1, 1, 1, 2]


def test_a_person_of_several_visits_comes_on_another_day() -> None:
    days = [shot(f"ann/{day}_{number}.jpg", degrees=10.0 * number) for day in ("mon", "tue") for number in range(4)]
    found = split([*days, *shots("bea", 2)], 2)
    assert found.probes.person.tolist() == [0] * 4 + [1] * 2
    assert found.templates.rows[0] == pytest.approx(looks(15.0))  # evenly spread, from the first to the last


def test_files_that_are_each_their_own_visit_are_photos_like_any() -> None:
    found = split([*(shot(f"ann/{name}.jpg") for name in ("a", "b", "c", "d")), *shots("bea", 1)], 3)
    assert found.probes.person.tolist() == [0, 1]


def test_a_photo_without_a_usable_face_is_counted_where_it_would_have_come() -> None:
    early = [shot("ann/ann_0.jpg", fault=FaceFault.BLURRED), *(shot(f"ann/ann_{n}.jpg") for n in range(1, 4))]
    late = [shot("ann/ann_4.jpg", fault=FaceFault.POSE), shot("ann/ann_5.jpg", fault=FaceFault.NO_FACE)]
    found = split([*early, *late, *shots("bea", 2)], 2)
    assert (found.refused_at_enrolment, found.missed.person.tolist()) == (1, [0, 0])
    assert found.faults == {"blurred": 1, "pose": 1, "no_face": 1}


def test_whose_face_it_is_must_be_certain() -> None:
    crowd = shot("ann/ann_9.jpg", fault=FaceFault.SEVERAL_FACES)
    found = split([*shots("ann", 3), crowd, *shots("bea", 1)], 2)
    assert (len(found.missed), found.refused_at_enrolment, found.faults) == (0, 0, {"several_faces": 1})


def test_strangers_of_another_folder_are_never_enrolled() -> None:
    found = split(shots("ann", 4), 2, shots("bea", 4))
    assert found.templates.person.tolist() == [0]
    assert found.probes.person.tolist() == [0, 0, 1, 1, 1, 1]
    with pytest.raises(UsageError, match="ann: is in the data set and among the strangers"):
        split(shots("ann", 4), 2, shots("ann", 4))


def test_what_cannot_be_measured_is_said() -> None:
    with pytest.raises(UsageError, match="nobody has 3 usable photos and one more"):
        split(shots("ann", 3), 3)
    with pytest.raises(UsageError, match="all photos are of one person"):
        split(shots("ann", 5), 3)


# comparisons


def random_split(seed: int, people: int = 12, size: int = 5) -> Split:
    """Half of the people enrolled, some with two templates; everybody comes, once to four times."""
    draw = np.random.default_rng(seed)

    def vectors(person: npt.NDArray[np.int32]) -> Vectors:
        rows = draw.normal(size=(len(person), size)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return Vectors(rows, person, np.zeros(len(person), np.int32))

    templates = vectors(np.repeat(np.arange(people // 2), draw.integers(1, 3, people // 2)).astype(np.int32))
    probes = vectors(np.repeat(np.arange(people), draw.integers(1, 5, people)).astype(np.int32))
    missed = vectors(draw.integers(0, people // 2, 3).astype(np.int32))
    names = tuple(f"p{number}" for number in range(people))
    return Split(1, names, ("",), templates, probes, missed, {}, 0, 0)


def pairs(found: Split) -> list[tuple[float, int, int]]:
    """Every score with the two people it is between, one by one."""
    scores = found.templates.rows @ found.probes.rows.T
    return [
        (float(scores[t, p]), int(found.templates.person[t]), int(found.probes.person[p]))
        for t in range(len(found.templates))
        for p in range(len(found.probes))
    ]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_comparisons_are_what_brute_force_finds(seed: int) -> None:
    divided = random_split(seed)
    found = compare(divided, door=0.5, least=20)
    genuine = sorted(score for score, a, b in pairs(divided) if a == b)
    strangers = sorted((score for score, a, b in pairs(divided) if a != b), reverse=True)
    assert sorted(found.genuine.scores.tolist()) == pytest.approx(genuine, abs=1e-6)
    assert found.impostors == len(strangers) == found.histogram.sum()
    assert found.tail.scores.tolist() == pytest.approx(strangers[:20], abs=1e-6)
    assert found.at_door.sum() == sum(score >= 0.5 for score in strangers)
    for score, t, p in zip(found.tail.scores, found.tail.template, found.tail.probe, strict=True):
        assert divided.templates.rows[t] @ divided.probes.rows[p] == pytest.approx(score, abs=1e-6)
        assert divided.templates.person[t] != divided.probes.person[p]


def test_blocks_change_nothing() -> None:
    whole = compare(random_split(1, people=40), door=0.5, least=50)
    small = compare(random_split(1, people=40), door=0.5, least=50, size=1)  # one template at a time
    assert small.tail.scores == pytest.approx(whole.tail.scores, abs=1e-6)
    assert (small.histogram == whole.histogram).all()
    assert small.best == pytest.approx(whole.best, abs=1e-6)


# rates


def known(genuine: list[float], strangers: list[float]) -> Comparisons:
    """Two score sets: one person's own, and those of pairs of that person with somebody else each."""
    people, rows = len(strangers) + 1, np.empty((0, 2), np.float32)
    mine, zeros = np.zeros(len(genuine), np.int32), np.zeros
    probes = Vectors(rows, np.arange(1, people, dtype=np.int32), zeros(people - 1, np.int32))
    templates = Vectors(rows, np.zeros(1, np.int32), zeros(1, np.int32))
    missed = Vectors(rows, np.empty(0, np.int32), np.empty(0, np.int32))
    names = tuple(map(str, range(people)))
    divided = Split(1, names, ("",), templates, probes, missed, {}, 0, 0)
    order = np.argsort(-np.array(strangers, np.float32), kind="stable").astype(np.int32)
    tail = Tail(np.array(strangers, np.float32)[order], np.zeros(len(order), np.int32), order)
    own = Genuine(np.array(genuine, np.float32), mine, mine)
    return Comparisons(divided, own, len(strangers), np.empty(0, np.int64), tail, np.empty(0, np.int64), rows[:, 0])


def test_a_curve_with_a_known_answer() -> None:
    found = known([0.95, 0.85, 0.75, 0.65], [number / 1000 for number in range(1000)])
    curve = [(rate, rates.point(found, rate)) for rate in (0.5, 0.2, 0.1, 0.01)]
    assert [(one.true_accept_rate, one.false_accepts) for _, one in curve] == [
        (1, 500),
        (0.5, 200),
        (0.25, 100),
        (0, 10),
    ]
    assert [one.threshold for _, one in curve] == pytest.approx([0.499, 0.799, 0.899, 0.989], abs=1e-6)
    assert rates.carried(rates.DECADES, found) == [1e-2, 1e-3]


@given(
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=60),
    st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 0.875]), min_size=1, max_size=200),
    st.floats(1e-3, 1.0),
)
def test_a_threshold_lets_in_no_more_than_asked_and_none_lower_does(
    genuine: list[float], strangers: list[float], rate: float
) -> None:
    found = known(genuine, strangers)
    one = rates.point(found, rate)
    accepted = sum(score >= one.threshold for score in strangers)
    assert accepted == one.false_accepts <= rate * len(strangers) + 1e-6
    refused = [score for score in strangers if score < one.threshold]
    if refused:  # the next lower threshold would let in all that are equal, too many
        assert sum(score >= max(refused) for score in strangers) > rate * len(strangers) - 1e-6
    assert one.true_accepts == sum(score >= one.threshold for score in genuine)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_a_resample_is_what_people_standing_there_twice_would_give(seed: int) -> None:
    divided = random_split(seed, people=10)
    found = compare(divided, door=0.5)
    one = rates.point(found, 0.1)
    drawn = rates.resample(found, [one], resamples=1, seed=seed)
    times = np.bincount(np.random.default_rng(seed).integers(0, 10, 10), minlength=10)
    everyone = [(score, a, b) for score, a, b in pairs(divided) for _ in range(times[a] * (times[b] if a != b else 1))]
    genuine = [score for score, a, b in everyone if a == b]
    strangers = sorted((score for score, a, b in everyone if a != b), reverse=True)
    if not genuine or not strangers:
        assert math.isnan(drawn.threshold[0, 0])
        return
    highest_refused = strangers[math.floor(0.1 * len(strangers) + 1e-9)]
    accepted = sum(score > highest_refused + 1e-7 for score in genuine)
    missed = sum(int(times[person]) for person in divided.missed.person)
    assert drawn.threshold[0, 0] == pytest.approx(highest_refused, abs=1e-6)
    assert drawn.true_accept_rate[0, 0] == pytest.approx(accepted / len(genuine))
    assert drawn.with_missed[0, 0] == pytest.approx(accepted / (len(genuine) + missed))
    expected = sum(score >= one.threshold - 1e-9 for score in strangers) / len(strangers)
    assert drawn.false_accept_rate[0, 0] == pytest.approx(expected)


def test_bounds_are_the_same_every_time_and_hold_the_rate() -> None:
    found = compare(random_split(3, people=60), door=0.5)
    one = rates.point(found, 0.1)
    first, again = (rates.resample(found, [one], resamples=200) for _ in range(2))
    assert (first.true_accept_rate == again.true_accept_rate).all()
    low, high = rates.interval(first.true_accept_rate[:, 0]) or (1, 0)
    assert low <= one.true_accept_rate <= high
    assert rates.lower_bound(first.true_accept_rate[:, 0], 5, 30) >= low


def test_without_an_error_the_rule_of_three_over_people_bounds() -> None:
    perfect = np.ones(500)
    assert rates.lower_bound(perfect, 0, 100) == pytest.approx(0.97, abs=1e-3)
    assert rates.upper_bound(np.zeros(500), 0, 3000) == pytest.approx(1e-3, rel=0.01)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=40))
def test_bounds_of_a_share_hold_it(trials: list[tuple[bool, int]]) -> None:
    hits = np.array([hit for hit, _ in trials], bool)
    person = np.array([who for _, who in trials], np.int32)
    low, high = rates.share_bounds(hits, person)
    assert 0 <= low <= high <= 1
    if trials and not hits.any():
        assert high == pytest.approx(rate_bound(0, len(set(person.tolist()))))
    if trials and hits.all():
        assert low == pytest.approx(1 - rate_bound(0, len(set(person.tolist()))))
