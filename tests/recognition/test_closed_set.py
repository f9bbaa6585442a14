"""The tracker network alone: its likeliest class, as far as anybody of that name is enrolled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgegate.access.observation import Validity
from edgegate.gallery import Person
from edgegate.recognition.closed_set import ClosedSet
from edgegate.types import Embedding
from edgegate.vision.pooling import pool
from tests.support.fakes import person

ANN, BEN = person("ann"), person("ben")
LABELS = ("unknown", "ann", "ben", "cid")


def closed_set(*people: Person) -> ClosedSet:
    return ClosedSet(LABELS, 0.9, lambda: people)


def classes(*probabilities: float) -> Embedding:
    vector = np.array(probabilities, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def test_the_likeliest_class_is_the_person_and_its_probability_the_score() -> None:
    match = closed_set(ANN, BEN).match_own(classes(0.02, 0.06, 0.92, 0.0))
    assert match is not None
    assert (match.person, match.threshold) == (BEN.id, 0.9)
    assert (match.score, match.margin) == pytest.approx((0.92, 0.86))


def test_pooled_frames_have_the_probability_between_theirs() -> None:
    pooled = pool([(classes(0.2, 0.8, 0, 0), 1.0), (classes(0.0, 1.0, 0, 0), 1.0)])
    match = closed_set(ANN).match(pooled, 2)
    assert match is not None
    assert 0.87 < match.score < 0.92


@pytest.mark.parametrize("probabilities", [(0.9, 0.1, 0, 0), (0, 0, 0.1, 0.9)], ids=["unknown", "not enrolled"])
def test_nobody_is_matched_with_a_class_that_no_enrolled_person_bears(probabilities: tuple[float, ...]) -> None:
    assert closed_set(ANN, BEN).match(classes(*probabilities), 5) is None


def test_who_may_enter_at_certain_times_may_do_so_by_their_class_too() -> None:
    match = closed_set(replace(ANN, valid_until="2026-02-01T00:00:00Z"), BEN).match(classes(0.0, 1.0, 0.0, 0.0), 5)
    assert match is not None
    assert match.validity == Validity(until=1769904000.0)
