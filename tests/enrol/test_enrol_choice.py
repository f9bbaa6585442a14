"""The photos of one call that are kept: of one person, the best that differ, and like nobody else who is enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.enrol import ADVICE, PhotoVerdict, Sameness, choose, enrol, strangers
from edgegate.enrol.choice import MUCH_THE_SAME
from edgegate.gallery import Person, Photo
from edgegate.recognition.identification import Identifier
from edgegate.recognition.thresholds import Table
from edgegate.vision.faces import FaceFault
from tests.support.fakes import EMBEDDER, FakePeople, looks, person, photo

ROWS = [
    {"data": data, "photos": photos, "frames": frames, "rate": rate, "threshold": base + extra, "trials": 9}
    for data, extra in (("anywhere", 0.0), ("one camera", 0.02))
    for photos in (1, 3, 5)
    for frames in (1, 5)
    for rate, base in ((0.1, 0.88), (0.01, 0.91), (0.001, 0.93), (0.0001, 0.94))
]
TABLE = Table(ROWS)
SAMENESS = Sameness(TABLE)

ANN, BEN = 0, 60
"""Degrees in the plane: cosines are 0.91 at 24 degrees, 0.88 at 28, 0.995 at 6."""


def shots(*degrees: float, quality: float = 1.0, look: str = "") -> list[Photo]:
    return [replace(photo(looks(d), quality), look=look) for d in degrees]


def verdicts(photos: Sequence[Photo]) -> list[PhotoVerdict]:
    return [PhotoVerdict(f"{number}.jpg", one) for number, one in enumerate(photos)]


def identifier(*people: Person) -> Identifier:
    return Identifier(FakePeople(people), TABLE, EMBEDDER, 1e-3, 5)


def test_each_use_has_its_own_threshold_from_the_table() -> None:
    assert (SAMENESS.of_photos(2), SAMENESS.of_one_camera(2), SAMENESS.of_looks(2)) == (0.91, 0.90, 0.88)


@pytest.mark.parametrize(
    ("degrees", "out"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([0], [], id="alone"),
        pytest.param([0, 15, 22], [], id="one person on different occasions"),
        pytest.param([0, 60, 12], [1], id="one of somebody else"),
        pytest.param([0, 60, 12, -60, 5], [1, 3], id="two of others"),
        pytest.param([0, 60], [0, 1], id="of two nobody can say which"),
    ],
)
def test_photos_of_somebody_else_are_found_by_the_others(degrees: list[float], out: list[int]) -> None:
    assert strangers(shots(*degrees), None, SAMENESS) == set(out)


def test_who_is_enrolled_says_which_photos_are_theirs() -> None:
    ann = person("ann", *shots(0, 5))
    assert strangers(shots(60, 62, 64, 10), ann, SAMENESS) == {0, 1, 2}


def test_another_look_may_be_less_like_the_usual_one_but_not_anybodys() -> None:
    ann = person("ann", *shots(0))
    assert strangers(shots(26), ann, SAMENESS) == {0}
    assert strangers(shots(26, look="mask"), ann, SAMENESS) == set()
    assert strangers(shots(40, look="mask"), ann, SAMENESS) == {0}
    masked = replace(ann, photos=(*ann.photos, *shots(26, look="mask")))
    assert strangers(shots(45, look="mask"), masked, SAMENESS) == set()  # like the mask, as it is known by now


def test_the_best_that_differ_are_chosen() -> None:
    photos = [*shots(0, quality=0.9), *shots(1, quality=0.8), *shots(15, quality=0.5), *shots(30, quality=0.6)]
    assert choose(photos, 5) == [0, 2, 3]
    assert choose(photos, 2) == [0, 3]
    assert choose(photos, 5, before=shots(2)) == [2, 3]
    assert choose([], 5) == []


@given(
    st.lists(st.tuples(st.floats(-90, 90), st.floats(0.05, 1)), max_size=12),
    st.integers(1, 5),
    st.lists(st.floats(-90, 90), max_size=3),
)
def test_what_is_chosen_differs_and_what_is_left_would_add_nothing(
    given_photos: list[tuple[float, float]], count: int, before: list[float]
) -> None:
    photos, known = [photo(looks(d), quality) for d, quality in given_photos], shots(*before)
    chosen = choose(photos, count, known)
    assert chosen == sorted(set(chosen))
    assert len(chosen) <= count
    there = known + [photos[i] for i in chosen]
    cosines = np.array([[float(a.embedding @ b.embedding) for b in there] for a in there])
    assert all(cosines[i, j] < MUCH_THE_SAME for i in range(len(known), len(there)) for j in range(i))
    if len(chosen) < count:
        rest = [photos[i] for i in range(len(photos)) if i not in chosen]
        assert all(max(float(p.embedding @ t.embedding) for t in there) >= MUCH_THE_SAME for p in rest)
    if chosen and not before:
        assert max(p.quality for p in photos) in {photos[i].quality for i in chosen}


def test_one_call_is_judged_together() -> None:
    dark = PhotoVerdict("dark.jpg", None, FaceFault.DARK, ADVICE[FaceFault.DARK])
    done = enrol("ann", [*verdicts(shots(0, 1, 60, 15)), dark], identifier(), SAMENESS, photos=3)
    assert [v.fault for v in done.verdicts] == [None, None, FaceFault.NOT_SAME_PERSON, None, FaceFault.DARK]
    assert [v.kept for v in done.verdicts] == [True, False, False, True, False]
    assert (done.accepted, len(done.photos), done.before) == (3, 2, 0)


def test_photos_that_are_enough_say_so() -> None:
    done = enrol("ann", verdicts(shots(0, 7, 14, 21)), identifier(), SAMENESS, photos=3)
    assert [v.spare for v in done.verdicts if v.spare] == ["the best 3 are kept"]


def test_guided_photos_are_all_kept() -> None:
    done = enrol("ann", verdicts(shots(0, 1, 2)), identifier(), SAMENESS, guided=True)
    assert len(done.photos) == 3


def test_the_same_person_under_another_name_is_refused_whatever_is_allowed() -> None:
    done = enrol("ann", verdicts(shots(2)), identifier(person("ben", *shots(0))), SAMENESS, allow_lookalike=True)
    (verdict,) = done.verdicts
    assert verdict.fault is FaceFault.DUPLICATE_OF
    assert "enrolled as ben" in verdict.advice


def test_a_lookalike_is_refused_or_kept_apart_by_choice() -> None:
    ben = person("ben", *shots(0))
    new = verdicts(shots(17.5))  # 0.954: as much opens only at 0.96
    refused = enrol("ann", new, identifier(ben), SAMENESS)
    assert [v.fault for v in refused.verdicts] == [FaceFault.LOOKALIKE_OF]
    assert "--allow-lookalike" in refused.verdicts[0].advice
    kept = enrol("ann", new, identifier(ben), SAMENESS, allow_lookalike=True)
    assert len(kept.photos) == 1
    assert kept.apart == {ben.id: pytest.approx(0.96 + 0.954 - 0.95, abs=1e-3)}


def test_with_those_known_before_a_person_is_compared_as_they_will_be() -> None:
    """A turned photo alone is nothing like Ben; Ann's mean with it is: 17.5 degrees from him."""
    ann, ben = person("ann", *shots(10)), person("ben", *shots(0))
    everybody = identifier(ann, ben)
    assert enrol("ann", verdicts(shots(25)), everybody, SAMENESS).verdicts[0].fault is FaceFault.LOOKALIKE_OF
