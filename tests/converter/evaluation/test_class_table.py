"""A classifier's threshold table says of strangers held out what a door then goes by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.data.dataset import Sample
from converter.evaluation.class_table import class_rows
from converter.evaluation.fidelity import HeldOut
from converter.tflite.answers import Answers
from edgegate.recognition.thresholds import Table, rate_bound

FACE = (0.0, 0.0, 1.0, 1.0)


def held_out(groups: list[str], labels: list[int]) -> HeldOut:
    samples = tuple(
        Sample(Path(f"{n}.png"), label, FACE, group)
        for n, (group, label) in enumerate(zip(groups, labels, strict=True))
    )
    pictures = np.zeros((len(labels), 8, 8, 3), np.uint8)
    boxes = np.tile(np.array(FACE, np.float32), (len(labels), 1))
    return HeldOut(samples, pictures, np.array(labels), boxes, np.ones(len(labels), np.bool_))


def answers(of_person: list[float]) -> Answers:
    """Of a network with one person, and of two where `of_person` is a half."""
    named = np.array(of_person, np.float32)
    return Answers.of({"class_probs": np.stack([1 - named, named], axis=1)})


def test_the_strictest_row_names_no_stranger_and_says_what_so_few_show() -> None:
    groups, labels = [f"stranger {n}" for n in range(40)], [0] * 40
    rows = class_rows("net", answers([0.61, *[0.2] * 39]), held_out(groups, labels))
    assert rows[-1] == {
        "data": "strangers held out of net",
        "photos": 1,
        "frames": 1,
        "rate": pytest.approx(rate_bound(0, 40)),
        "threshold": pytest.approx(0.6101),
        "trials": 40,
    }
    assert Table(rows).threshold(1, 1, 0.001).carried is False


def test_a_larger_rate_names_as_many_as_its_bound_allows() -> None:
    scores = np.linspace(0.51, 0.9, 400).tolist()
    truth = held_out([f"stranger {n}" for n in range(400)], [0] * 400)
    found = Table(class_rows("net", answers(scores), truth)).threshold(1, 1, 0.1)
    named = sum(score >= found.value for score in scores)
    assert found.carried
    assert named > 0
    assert rate_bound(named, 400) <= 0.1 < rate_bound(named + 1, 400)


def test_photos_of_one_shooting_are_one_trial_and_people_of_the_house_none() -> None:
    groups, labels = ["anna", "stranger", "stranger", "other"], [1, 0, 0, 0]
    (row,) = class_rows("net", answers([0.99, 0.625, 0.75, 0.125]), held_out(groups, labels))
    assert (row["trials"], row["threshold"]) == (2, pytest.approx(0.7501))


def test_without_strangers_there_is_no_table() -> None:
    assert class_rows("net", answers([0.9, 0.8]), held_out(["anna", "anna 2"], [1, 1])) == []
