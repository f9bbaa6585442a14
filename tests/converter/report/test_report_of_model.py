"""The report says what was measured, in one file that needs no other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from converter.data.dataset import load_dataset
from converter.evaluation.budgets import Budgets
from converter.evaluation.fidelity import HeldOut, RefusedVariant, Verified, held_out, measure, missed
from converter.report import page
from converter.report.examples import worst
from converter.report.subject import ReportedTracker, card
from converter.tflite.answers import Answers
from converter.tflite.runtime import Run
from tests.support.converter.tiny_tracker import SIZE

NAMES = ("unknown", "Anna <b>")
CURVES = ("loss: 1.000", "val loss: 1.500", "box iou: 0.600", "val box iou: 0.500")


@pytest.fixture(scope="module")
def truth(tiny_data: Path) -> HeldOut:
    return held_out(load_dataset(tiny_data), SIZE)


def answered(truth: HeldOut, wrong: dict[int, float]) -> Answers:
    """Right everywhere, 0.99 sure, but for `wrong`: the images that get the other class, and how sure."""
    sure = np.full(len(truth.labels), 0.99, np.float32)
    labels = truth.labels.copy()
    for index, confidence in wrong.items():
        labels[index], sure[index] = 1 - labels[index], confidence
    classes = np.empty((len(labels), 2), np.float32)
    classes[np.arange(len(labels)), labels] = sure
    classes[np.arange(len(labels)), 1 - labels] = 1 - sure
    return Answers(classes, truth.boxes.copy())


def subject(truth: HeldOut, answers: Answers, budgets: Budgets) -> ReportedTracker:
    figures = measure("int8", answers, truth, budgets.threshold, answers, Run(answers.outputs(), 1.5, 12.0), 40_000)
    int8 = Verified("int8", b"", answers, figures, tuple(missed(figures, budgets)))
    candidates: list[Verified | RefusedVariant] = [
        RefusedVariant("dynamic", "dynamic: box is the same for every picture"),
        int8,
    ]
    return ReportedTracker("door", "tracker/cnn", NAMES, truth, answers, candidates, budgets, 72)


def test_every_figure_is_there(truth: HeldOut, tmp_path: Path) -> None:
    # Images 0, 3, … show the enrolled person, 1, 4, … a stranger, 2, 5, … nobody.
    answers = answered(truth, {0: 0.7, 1: 0.95, 4: 0.6, 2: 0.8})
    report = page.write(subject(truth, answers, Budgets(false_accept_bound=0.5, accuracy=0.9)), tmp_path)
    assert report == json.loads((tmp_path / page.JSON_FILE).read_text("utf-8")) == page.read(tmp_path)
    assert (report["grade"], report["variant"]) == ("passed", "int8")
    assert report["confusion"] == [[37, 3], [1, 19]]
    assert report["accuracy"] == pytest.approx(56 / 60)
    assert report["macro_f1"] == pytest.approx((2 * 37 / (40 + 38) + 2 * 19 / (20 + 22)) / 2)
    strangers = report["strangers"]
    assert (strangers["images"], strangers["false_accepts"], strangers["empty_accepts"]) == (20, 1, 0)
    assert strangers["false_accept_bound"] == pytest.approx(0.2161, abs=1e-3)  # Clopper-Pearson of 1 in 20
    assert (strangers["shootings"], strangers["shootings_accepted"]) == (20, 1)
    unknown, anna = report["by_class"]
    assert (anna["accepted"], anna["refused"], anna["mistaken"]) == (19, 1, 0)
    assert (unknown["accepted"], unknown["mistaken"]) == (39, 1)
    assert report["boxes"]["images"] == 40
    assert report["boxes"]["at_least_three_quarters"] == 1.0
    assert sum(report["boxes"]["histogram"]) == 40
    assert {row["camera"]: row["images"] for row in report["by_camera"]} == {"door": 30, "phone": 30}
    assert [row["variant"] for row in report["variants"]] == ["keras", "int8"]
    assert report["misses"]["dynamic"] == ["dynamic: box is the same for every picture"]


def test_the_worst_come_first(truth: HeldOut) -> None:
    answers = answered(truth, {0: 0.7, 1: 0.95, 4: 0.99, 6: 0.8})
    answers.boxes[9] += 0.2
    first = worst(subject(truth, answers, Budgets()), 5)
    assert [example.index for example in first] == [4, 1, 6, 0, 9]
    assert [example.opens for example in first] == [True, True, False, False, True]


def test_the_page_needs_nothing_else_and_escapes_names(truth: HeldOut, tmp_path: Path) -> None:
    page.write(subject(truth, answered(truth, {}), Budgets(false_accept_bound=0.5)), tmp_path)
    html = (tmp_path / page.HTML_FILE).read_text("utf-8")
    assert "Anna &lt;b&gt;" in html
    assert "Anna <b>" not in html
    assert "http" not in html.replace("http-equiv", "")
    assert "<script" not in html
    assert html.count("data:image/jpeg;base64,") == 18


def test_the_curves_of_the_training_are_in_both_forms(truth: HeldOut, tmp_path: Path) -> None:
    epochs = [
        {"loss": 2.0, "val_loss": 2.5, "box_iou": 0.2, "val_box_iou": 0.1, "learning_rate": 1e-3},
        {"loss": 1.0, "val_loss": 1.5, "box_iou": 0.6, "val_box_iou": 0.5, "learning_rate": 1e-3},
        {"loss": 0.5, "val_loss": 1.9, "box_iou": 0.9, "val_box_iou": 0.4, "learning_rate": 1e-4},
    ]
    report = page.write(replace(subject(truth, answered(truth, {}), Budgets()), history=epochs), tmp_path)
    assert report["history"] == {"best": 2, "epochs": epochs}
    html = (tmp_path / page.HTML_FILE).read_text("utf-8")
    assert "Training: 3 epochs, of which 2 is kept" in html
    assert [html.count(f"<title>{title}</title>") for title in CURVES] == [1, 1, 1, 1]
    assert "learning rate" not in html


@pytest.mark.parametrize("epochs", [[], [{"loss": 1.0, "val_loss": 1.0}]])
def test_without_epochs_there_are_no_curves(truth: HeldOut, tmp_path: Path, epochs: list[dict[str, float]]) -> None:
    page.write(replace(subject(truth, answered(truth, {}), Budgets()), history=epochs), tmp_path)
    assert "Training: " not in (tmp_path / page.HTML_FILE).read_text("utf-8")


def test_a_model_that_lets_strangers_in_fails(truth: HeldOut, tmp_path: Path) -> None:
    strangers = dict.fromkeys(range(1, 60, 3), 0.99)
    report = page.write(subject(truth, answered(truth, strangers), Budgets()), tmp_path)
    assert report["grade"] == card(report)["grade"] == "failed"
    assert "false_accept_bound is 1" in report["reason"]
    assert "door: failed" in (tmp_path / page.HTML_FILE).read_text("utf-8")


def test_the_card_has_the_few_that_matter(truth: HeldOut, tmp_path: Path) -> None:
    report = page.write(subject(truth, answered(truth, {0: 0.7}), Budgets(false_accept_bound=0.5)), tmp_path)
    row = card(report)
    assert row["grade"] == "passed"
    assert row["measured_on"] == "60 images held out, 20 of them of strangers"
    assert row["accuracy"] == pytest.approx(59 / 60, abs=1e-5)
