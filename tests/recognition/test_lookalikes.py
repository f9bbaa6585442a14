"""Lookalikes: the same person under another name, families, and what keeps a pair apart that was enrolled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.gallery import Person, Photo
from edgegate.recognition.identification import Identifier
from edgegate.recognition.lookalikes import apart, compare
from edgegate.recognition.thresholds import Table
from edgegate.types import Embedding
from edgegate.vision.faces import FaceFault
from tests.support.fakes import EMBEDDER, FakePeople, person, photo

RATE, FRAMES = 1e-3, 5
BASES = {1e-1: 0.90, 1e-2: 0.93, 1e-3: 0.945, 1e-4: 0.955, 1e-5: 0.965}
TABLE = Table(
    {"data": "door", "photos": photos, "frames": frames, "rate": rate, "threshold": base + bonus, "trials": 9}
    for photos in (1, 5)
    for frames in (1, 5)
    for rate, base in BASES.items()
    for bonus in [0.005 * ((photos == 5) + (frames == 5))]
)
DUPLICATE, LOOKALIKE = FaceFault.DUPLICATE_OF, FaceFault.LOOKALIKE_OF


def family(*cosines: float) -> list[Embedding]:
    """The first of them, and one for each cosine to the first; but for that they have nothing in common."""
    size = len(cosines) + 1
    members = np.zeros((size, size), np.float32)
    members[0, 0] = 1.0
    for i, cosine in enumerate(cosines, 1):
        members[i, 0], members[i, i] = cosine, np.sqrt(1 - cosine**2)
    return list(members)


def kin(size: int, cosine: float) -> npt.NDArray[np.float32]:
    """So many, each as like every other."""
    likeness = np.full((size, size), cosine) + (1 - cosine) * np.eye(size)
    return np.linalg.cholesky(likeness).astype(np.float32)


def photos(face: Embedding, count: int = 5, look: str = "") -> list[Photo]:
    return [replace(photo(face), look=look)] * count


def told(new: Sequence[Photo], *people: Person, name: str = "new") -> list[tuple[str, FaceFault]]:
    return [(one.person.name, one.fault) for one in compare(new, people, TABLE, RATE, FRAMES, name)]


# Two templates: the rate of one comparison is 5e-4, so that 1e-4 opens (0.965), and ten times 5e-4 is 1e-3 (0.955).


@pytest.mark.parametrize(
    ("cosine", "expected"),
    [
        pytest.param(0.90, [], id="somebody else"),
        pytest.param(0.953, [], id="like most strangers at worst"),
        pytest.param(0.957, [("ann", LOOKALIKE)], id="a sister"),
        pytest.param(0.9645, [("ann", LOOKALIKE)], id="a sister, nearly her double"),
        pytest.param(0.967, [("ann", DUPLICATE)], id="would open the door as her"),
        pytest.param(1.0, [("ann", DUPLICATE)], id="herself"),
    ],
)
def test_one_rule_tells_the_same_person_from_a_lookalike_from_anybody_else(
    cosine: float, expected: list[tuple[str, FaceFault]]
) -> None:
    ann, new = family(cosine)
    assert told(photos(new), person("ann", *photos(ann))) == expected


def test_nobody_is_like_anybody_in_an_empty_gallery() -> None:
    assert told(photos(family()[0])) == []


def test_photos_of_somebody_enrolled_are_compared_with_everybody_else_only() -> None:
    ann, ben = family(0.97)
    enrolled = [person("ann", *photos(ann)), person("ben", *photos(ben))]
    assert told(photos(ann), *enrolled, name="ann") == [("ben", DUPLICATE)]


def test_a_whole_family_is_told_the_closest_first() -> None:
    new, *others = family(0.9595, 0.90, 0.9625)
    enrolled = [person(name, *photos(face)) for name, face in zip(["ann", "ben", "cid"], others, strict=True)]
    assert told(photos(new), *enrolled) == [("cid", LOOKALIKE), ("ann", LOOKALIKE)]


def test_fewer_photos_pool_less_and_are_asked_less() -> None:
    ann, new = family(0.958)
    assert told(photos(new, 1), person("ann", *photos(ann, 1))) == [("ann", DUPLICATE)]
    assert told(photos(new, 5), person("ann", *photos(ann, 5))) == [("ann", LOOKALIKE)]


def test_any_look_of_either_counts() -> None:
    new, ann, masked = family(0.5, 0.96)
    enrolled = person("ann", *photos(ann), *photos(masked, look="mask"))
    assert told(photos(new), enrolled) == [("ann", LOOKALIKE)]
    assert told([*photos(ann, look="x"), *photos(new)], person("ben", *photos(masked))) == [("ben", LOOKALIKE)]


def test_with_more_people_more_is_asked_of_a_duplicate_and_of_a_lookalike() -> None:
    ann, new = family(0.967)
    crowd = [person(f"p{i}", photo(-ann)) for i in range(50)]
    assert told(photos(new), person("ann", *photos(ann)), *crowd) == [("ann", LOOKALIKE)]


def test_what_a_table_cannot_show_is_not_taken_for_alike() -> None:
    """Its smallest rate is 1e-2: somebody beyond what that asks is alike, and what was measured strictest opens."""
    few = Table(row for row in [*_rows("lfw", 1e-2, 1e-6), *_rows("door", 1e-2)])
    ann, new = family(0.95)
    (one,) = compare(photos(new), [person("ann", *photos(ann))], few, RATE, FRAMES)
    assert one.fault is LOOKALIKE
    assert one.raised == pytest.approx(0.98 + 0.95 - 0.93)
    _, further = family(0.925)
    assert compare(photos(further), [person("ann", *photos(ann))], few, RATE, FRAMES) == ()


def _rows(data: str, *rates: float) -> list[dict[str, object]]:
    bases = {1e-2: 0.93, 1e-6: 0.98}
    return [
        {"data": data, "photos": 5, "frames": 5, "rate": rate, "threshold": bases[rate], "trials": 9} for rate in rates
    ]


# Kept all the same.


def enrolled_family(size: int, cosine: float) -> tuple[Identifier, list[Embedding]]:
    """A family that is enrolled by explicit choice, one after the other; the later one's record names the pair."""
    faces = list(kin(size, cosine))
    people: list[Person] = []
    for i, face in enumerate(faces):
        pairs = apart(compare(photos(face), people, TABLE, RATE, FRAMES, f"kin{i}"))
        new = replace(person(f"kin{i}", *photos(face)), apart=pairs)
        people.append(new)
    return Identifier(FakePeople(tuple(people)), TABLE, EMBEDDER, RATE, FRAMES), faces


def test_a_duplicate_cannot_be_kept_apart() -> None:
    ann, new = family(0.99)
    likenesses = compare(photos(new), [person("ann", *photos(ann))], TABLE, RATE, FRAMES)
    assert [one.raised for one in likenesses] == [None]
    with pytest.raises(ValueError, match="duplicate"):
        apart(likenesses)


def test_a_pair_that_is_kept_is_not_told_again_until_it_comes_closer() -> None:
    ann, ben, closer = family(0.957, 0.963)
    (one,) = compare(photos(ben), [person("ann", *photos(ann))], TABLE, RATE, FRAMES, "ben")
    pair = apart([one])
    both = [person("ann", *photos(ann)), replace(person("ben", *photos(ben)), apart=pair)]
    assert told(photos(ben), *both, name="ben") == []
    assert told(photos(closer), *both, name="ben") == [("ann", LOOKALIKE)]


def test_both_of_a_pair_must_reach_its_threshold_while_the_other_one_is_enrolled() -> None:
    known, (ann, ben) = enrolled_family(2, 0.96)
    for face in (ann, ben):
        match = known.match(face, FRAMES)
        assert match is not None
        assert match.threshold == pytest.approx(0.965 + 0.96 - 0.955, abs=1e-6)
    alone = Identifier(FakePeople(known.people[1:]), TABLE, EMBEDDER, RATE, FRAMES).match(ben, FRAMES)
    assert alone is not None
    assert alone.threshold == pytest.approx(0.955)


def test_of_several_lookalikes_the_closest_decides_what_is_asked() -> None:
    ann = replace(person("ann", *photos(family()[0])), apart={"id-of-ben": 0.97, "id-of-cid": 0.98, "gone": 0.99})
    crowd = [person(name, photo(-family()[0])) for name in ("ben", "cid")]
    known = Identifier(FakePeople((ann, *crowd)), TABLE, EMBEDDER, RATE, FRAMES)
    match = known.match(family()[0], FRAMES)
    assert match is not None
    assert match.threshold == known.threshold(ann).value == 0.98


cosines = st.floats(0.80, 0.9999)


@given(cosines, cosines, st.integers(1, 6), st.integers(1, 6))
def test_who_is_more_alike_is_never_told_less(one: float, other: float, count: int, theirs: int) -> None:
    severity = {None: 0, LOOKALIKE: 1, DUPLICATE: 2}
    ann, less, more = family(min(one, other), max(one, other))
    enrolled = person("ann", *photos(ann, theirs))

    def fault(new: Embedding) -> FaceFault | None:
        return next((fault for _, fault in told(photos(new, count), enrolled)), None)

    assert severity[fault(less)] <= severity[fault(more)]


@given(cosines, st.integers(1, 6), st.integers(1, 6))
def test_it_does_not_matter_who_of_two_comes_first(cosine: float, count: int, theirs: int) -> None:
    ann, ben = family(cosine)

    first = compare(photos(ben, count), [person("ann", *photos(ann, theirs))], TABLE, RATE, FRAMES)
    second = compare(photos(ann, theirs), [person("ben", *photos(ben, count))], TABLE, RATE, FRAMES)
    assert [one.fault for one in first] == [one.fault for one in second]
    assert [one.raised or 0 for one in first] == pytest.approx([one.raised or 0 for one in second], abs=1e-6)


@given(st.integers(2, 5), st.floats(0.90, 0.9645), st.floats(0, 1))
def test_a_family_scores_as_each_other_too_little_by_what_keeps_strangers_out(
    size: int, cosine: float, part: float
) -> None:
    """Somebody who is not alike is below what opens by `slack` at least; so is everybody whom choice keeps."""
    known, faces = enrolled_family(size, cosine)
    for visitor in range(size):
        for other in known.people[:visitor] + known.people[visitor + 1 :]:
            score = float(faces[visitor] @ other.template())
            rate = RATE / size
            slack = TABLE.threshold(5, 5, rate).value - TABLE.threshold(5, 5, 10 * rate).value
            assert score + part * slack * 0.999 < known.threshold(other).value
