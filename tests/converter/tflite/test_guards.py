"""Wrong answers that come without an error are told apart from right ones."""

from __future__ import annotations

import numpy as np
import pytest

from converter.tflite.answers import Answers
from converter.tflite.guards import check_answers, is_constant
from edgegate.errors import ModelError


def answers(classes: int = 3, count: int = 12, seed: int = 1) -> Answers:
    rng = np.random.default_rng(seed)
    return Answers(
        rng.dirichlet([0.4] * classes, count).astype(np.float32), np.sort(rng.random((count, 4), np.float32), axis=1)
    )


def test_nearly_the_same_answers_pass() -> None:
    reference = answers()
    noise = np.random.default_rng(2).normal(0, 0.01, reference.boxes.shape)
    check_answers("int8", Answers(reference.classes, (reference.boxes + noise).astype(np.float32)), reference)


@pytest.mark.parametrize("name", ["class", "box"])
def test_nan_is_refused(name: str) -> None:
    reference = answers()
    bad = Answers(reference.classes.copy(), reference.boxes.copy())
    (bad.classes if name == "class" else bad.boxes)[3, 1] = np.nan
    with pytest.raises(ModelError, match=f"int8: {name} is not a number"):
        check_answers("int8", bad, reference)


@pytest.mark.parametrize("name", ["class", "box"])
def test_a_constant_answer_is_refused(name: str) -> None:
    reference = answers()
    classes, boxes = (np.repeat(values[:1], len(values), axis=0) for values in (reference.classes, reference.boxes))
    bad = Answers(classes, reference.boxes) if name == "class" else Answers(reference.classes, boxes)
    with pytest.raises(ModelError, match=f"dynamic: {name} is the same for every picture"):
        check_answers("dynamic", bad, reference)


def test_a_constant_answer_is_right_where_the_model_gives_one() -> None:
    varied = answers()
    constant = np.repeat(varied.boxes[:1], len(varied.boxes), axis=0)
    check_answers("int8", Answers(varied.classes, constant), Answers(varied.classes, constant))
    assert is_constant(constant)
    assert not is_constant(constant[:1])  # of one picture nothing can be said


def test_reversed_outputs_are_refused_by_shape_and_by_value() -> None:
    three, four = answers(3), answers(4)
    with pytest.raises(ModelError, match="reversed: class has 4 values, not 3"):
        check_answers("int8", Answers(three.boxes, three.classes), three)
    with pytest.raises(ModelError, match="reversed: class holds the other one's values"):
        check_answers("int8", Answers(four.boxes, four.classes), four)
