"""Figures against truth and float, the budgets they must keep, and which variant is chosen for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.cli import main
from converter.data.dataset import Dataset, Sample, load_dataset
from converter.evaluation.budgets import Budgets
from converter.evaluation.fidelity import (
    Figures,
    HeldOut,
    RefusedVariant,
    Verified,
    choose,
    held_out,
    measure,
    missed,
    proven,
    verify,
)
from converter.tflite.answers import Answers, iou, outputs_of_keras
from converter.tflite.calibration import from_training
from converter.tflite.quantize import quantize
from edgegate.errors import UsageError
from edgegate.types import Box
from tests.support.converter.tiny_tracker import COUNTS, SIZE

units = st.floats(0, 1, width=32)
FACE = (0.2, 0.2, 0.6, 0.6)


def held(labels: list[int], faces: list[bool]) -> HeldOut:
    samples = tuple(
        Sample(Path("a.jpg"), label, FACE if face else None, str(index))
        for index, (label, face) in enumerate(zip(labels, faces, strict=True))
    )
    boxes = np.array([sample.box or (0, 0, 0, 0) for sample in samples], np.float32)
    pictures = np.zeros((len(labels), 8, 8, 3), np.uint8)
    return HeldOut(samples, pictures, np.array(labels), boxes, np.array(faces))


def said(*classes: tuple[float, float, float]) -> Answers:
    return Answers(np.array(classes, np.float32), np.array([FACE] * len(classes), np.float32))


MOSTLY_ONE = said(*[(0, 1, 0)] * 39, (0, 0, 1))
"""39 of 40 of one class, and one box for all."""

FIGURES = Figures(
    "int8", accuracy=0.97, mean_iou=0.8, strangers=100, false_accepts=0, empty=5, empty_accepts=0,
    class_agreement=0.995, box_agreement=0.96, size_mb=2.0, latency_ms=3.0, memory_mb=20.0,
)  # fmt: skip


@given(st.lists(units, min_size=4, max_size=4), st.lists(units, min_size=4, max_size=4))
def test_iou_is_the_daemons(one: list[float], other: list[float]) -> None:
    given_, expected = (np.array([box], np.float32) for box in (one, other))
    value = float(iou(given_, expected)[0])
    assert 0 <= value <= 1.0001
    assert value == pytest.approx(float(iou(expected, given_)[0]), abs=1e-6)
    if one[0] < one[2] and one[1] < one[3] and other[0] < other[2] and other[1] < other[3]:
        assert value == pytest.approx(Box(*one).iou(Box(*other)), abs=1e-3)


def test_strangers_and_empty_scenes_are_counted_apart() -> None:
    truth = held([0, 0, 0, 1, 2], [True, True, False, True, True])
    answers = said((0.05, 0.95, 0), (0.2, 0.8, 0), (0, 0, 1), (0, 1, 0), (0, 0.6, 0.4))
    figures = measure("int8", answers, truth, 0.9)
    assert (figures.strangers, figures.false_accepts) == (2, 1)  # 0.8 is under the threshold
    assert (figures.empty, figures.empty_accepts) == (1, 1)
    assert figures.accuracy == pytest.approx(1 / 5)
    assert figures.mean_iou == pytest.approx(1.0)
    assert figures.class_agreement is None


def test_agreement_is_with_the_model() -> None:
    truth = held([1, 1], [True, True])
    reference, answers = said((0, 1, 0), (0, 1, 0)), said((0, 1, 0), (0, 0, 1))
    half = Answers(answers.classes, np.array([FACE, (0.2, 0.2, 0.6, 0.4)], np.float32))
    figures = measure("int8", half, truth, 0.9, reference)
    assert figures.class_agreement == 0.5
    assert figures.box_agreement == pytest.approx(0.75)


def test_without_strangers_nothing_is_known_of_them() -> None:
    figures = measure("int8", said((0, 1, 0)), held([1], [True]), 0.9)
    assert figures.false_accept_bound == 1.0
    assert any("false_accept_bound" in line for line in missed(figures, Budgets()))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"accuracy": 0.9}, "accuracy"),
        ({"mean_iou": 0.5}, "mean_iou"),
        ({"class_agreement": 0.98}, "class_agreement"),
        ({"box_agreement": 0.9}, "box_agreement"),
        ({"false_accepts": 8}, "false_accept_bound"),
        ({"size_mb": 3.0}, "size_mb"),
        ({"latency_ms": 9.0}, "latency_ms"),
        ({"memory_mb": 99.0}, "memory_mb"),
        ({"accuracy": float("nan")}, "accuracy"),
    ],
)
def test_each_budget_is_kept_or_named(change: dict[str, Any], name: str) -> None:
    budgets = Budgets(size_mb=2.5, latency_ms=5, memory_mb=30)
    assert missed(FIGURES, budgets) == []
    (line,) = missed(replace(FIGURES, **change), budgets)
    assert line.startswith(f"{name} is ")


def test_agreement_that_one_class_for_all_would_keep_is_not_measured() -> None:
    figures = measure("int8", MOSTLY_ONE, held([1] * 40, [True] * 40), 0.9, MOSTLY_ONE)
    budgets = Budgets(class_agreement=0.97, box_agreement=None, false_accept_bound=1)
    assert (figures.class_agreement, figures.class_constant) == (1.0, 0.975)
    (line,) = missed(figures, budgets)
    assert line.startswith("class_agreement cannot fail on these images: 97.5 % of the model's answers are of one")
    assert "add test photos of the other classes" in line
    assert proven(figures, budgets).class_agreement is None
    assert missed(proven(figures, budgets), budgets) == [line]


@pytest.mark.parametrize("limit", [0.98, 0.0, None])
def test_agreement_that_one_class_for_all_would_miss_is_measured(limit: float | None) -> None:
    figures = measure("int8", MOSTLY_ONE, held([1] * 40, [True] * 40), 0.9, MOSTLY_ONE)
    budgets = Budgets(class_agreement=limit, box_agreement=None, false_accept_bound=1)
    assert missed(figures, budgets) == []
    assert proven(figures, budgets) == figures


def test_agreement_of_boxes_that_one_box_would_keep_is_not_measured() -> None:
    figures = measure("int8", MOSTLY_ONE, held([1] * 40, [True] * 40), 0.9, MOSTLY_ONE)
    budgets = Budgets(false_accept_bound=1)
    (line,) = missed(figures, budgets)
    assert line.startswith("box_agreement cannot fail on these images: one box for all would agree by 1")
    assert proven(figures, budgets).box_agreement is None
    elsewhere = np.array([(0.5, 0.5, 0.9, 0.9) if index % 4 else FACE for index in range(40)], np.float32)
    moved = Answers(MOSTLY_ONE.classes, elsewhere)
    assert (
        missed(
            measure("int8", moved, held([1] * 40, [True] * 40), 0.9, moved),
            Budgets(mean_iou=None, false_accept_bound=1),
        )
        == []
    )


def test_a_real_miss_is_named_rather_than_that_it_could_not_fail() -> None:
    other = said(*[(0, 0, 1)] * 40)
    figures = measure("int8", other, held([1] * 40, [True] * 40), 0.9, MOSTLY_ONE)
    budgets = Budgets(accuracy=None, class_agreement=0.97, box_agreement=None, false_accept_bound=1)
    assert missed(figures, budgets) == ["class_agreement is 0.025, its budget at least 0.97"]
    assert proven(figures, budgets).class_agreement == pytest.approx(0.025)


def candidate(variant: str, *misses: str) -> Verified:
    return Verified(variant, b"", said((1, 0, 0)), replace(FIGURES, variant=variant), misses)


def test_the_first_that_keeps_its_budgets_is_chosen_and_says_why() -> None:
    int8, float16 = candidate("int8"), candidate("float16")
    assert choose([int8, float16]) == (int8, "int8 keeps every budget and is preferred")


def test_where_int8_misses_another_is_chosen_and_says_why() -> None:
    broken, float16 = RefusedVariant("dynamic", "dynamic: box is the same for every picture"), candidate("float16")
    candidates: list[Verified | RefusedVariant] = [candidate("int8", "box_agreement is 0.9"), broken, float16]
    chosen, reason = choose(candidates)
    assert chosen is float16
    assert reason == (
        "float16 keeps every budget; int8 misses: box_agreement is 0.9; "
        "dynamic misses: dynamic: box is the same for every picture"
    )


def test_where_none_keeps_its_budgets_none_is_chosen() -> None:
    chosen, reason = choose([candidate("int8", "size_mb is 9")])
    assert chosen is None
    assert reason == "no variant keeps its budgets; int8 misses: size_mb is 9"


def test_without_test_images_nothing_can_be_said(tiny_data: Path) -> None:
    dataset = load_dataset(tiny_data)
    with pytest.raises(UsageError, match="no test images"):
        held_out(replace(dataset, splits={**dataset.splits, "test": ()}), SIZE)


@pytest.mark.train
def test_int8_of_a_trained_network_is_measured(tiny_data: Path, tiny_model: Any) -> None:
    dataset = load_dataset(tiny_data)
    truth = held_out(dataset, SIZE)
    blob = quantize(tiny_model, "int8", from_training(dataset, SIZE))
    budgets = Budgets(accuracy=0.4, mean_iou=0.1, class_agreement=0.95, box_agreement=0.85, false_accept_bound=1)
    verified = verify("int8", blob, outputs_of_keras(tiny_model, truth.pictures), truth, budgets)
    assert verified.misses == ()
    assert verified.figures.strangers == verified.figures.empty == COUNTS["test"] // 3
    assert verified.figures.size_mb == pytest.approx(len(blob) / 1e6)


@pytest.mark.train
def test_a_file_that_answers_nan_to_some_pictures_is_refused(
    tiny_data: Path, tiny_model: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_model.save(tmp_path / "model.keras")
    (tmp_path / "nan.tflite").write_bytes(quantize(nan_where_dark(tiny_model, load_dataset(tiny_data)), "float32"))
    assert main(["verify", str(tmp_path / "model.keras"), str(tiny_data), str(tmp_path / "nan.tflite")]) == 1
    *_, line = capsys.readouterr().err.splitlines()
    assert line == "converter: nan: class is not a number for some pictures; the conversion is not usable"


def nan_where_dark(model: Any, dataset: Dataset) -> Any:
    """The same network, whose classes are a root of something negative for the darker half of the pictures."""
    import keras  # noqa: PLC0415 - only where TensorFlow is installed

    middle = float(np.median(held_out(dataset, SIZE).pictures.mean(axis=(1, 2, 3))))
    image = keras.Input((SIZE, SIZE, 3), name="image")
    answers = model(image)
    root = keras.ops.sqrt(keras.ops.mean(image, axis=(1, 2, 3)) - middle)[:, None]
    return keras.Model(image, {"class": answers["class"] + root, "box": answers["box"]})
