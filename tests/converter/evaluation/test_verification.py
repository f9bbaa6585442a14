"""Pairs of photos, their rates by hand, and the page about them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from converter.data.dataset import SPLITS, Dataset, Sample
from converter.data.people import WHOLE
from converter.evaluation.budgets import Budgets
from converter.evaluation.fidelity import HeldOut, RefusedVariant, missed
from converter.evaluation.pairs import Compared, Pairs, measure_pairs, pairs_of, require_strangers
from converter.report import siamese
from edgegate.errors import UsageError


def pairs(genuine: list[float], impostor: list[float]) -> Pairs:
    return Pairs(np.array(sorted(genuine), np.float32), np.array(sorted(impostor), np.float32))


def test_every_pair_is_asked_once() -> None:
    embeddings = np.array([[1, 0], [2, 0], [0, 1], [1, 1]], np.float32)
    found = pairs_of(embeddings, np.array([1, 1, 2, 2]))
    assert found.genuine == pytest.approx([0.5**0.5, 1.0])
    assert found.impostor == pytest.approx([0, 0, 0.5**0.5, 0.5**0.5])


def test_a_threshold_lets_in_no_more_than_its_rate() -> None:
    found = pairs([0.5, 0.7, 0.95], [index / 100 for index in range(100)])
    assert found.accepted(0.1) == pytest.approx(1 / 3)  # of 100, ten may pass: those from 0.90 on
    assert (found.impostor >= found.threshold(0.1)).sum() == 10
    assert found.accepted(0.01) is None  # one error would decide
    assert found.accepted(0.6) == 1.0


def test_order_and_equal_error_are_those_of_the_definitions() -> None:
    found = pairs([0.4, 0.6, 0.8, 0.9], [0.1, 0.3, 0.5, 0.7])
    assert found.order == pytest.approx(
        np.mean([[1.0 if g > i else 0.0 for i in found.impostor] for g in found.genuine])
    )
    assert found.equal_error == pytest.approx(0.25)
    assert pairs([0.9], [0.1]).equal_error == 0.0


def truth(people: int = 8, photos: int = 6) -> HeldOut:
    labels = np.repeat(np.arange(1, people + 1), photos)
    samples = tuple(Sample(Path("none.png"), int(label), WHOLE, str(label)) for label in labels)
    count = len(labels)
    pictures, boxes = np.zeros((count, 4, 4, 3), np.uint8), np.tile(np.array(WHOLE, np.float32), (count, 1))
    return HeldOut(samples, pictures, labels, boxes, np.ones(count, np.bool_))


def embedded(held_out: HeldOut, noise: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 1, (20, 16))
    return (centres[held_out.labels] + rng.normal(0, noise, (len(held_out.labels), 16))).astype(np.float32)


def subject(budgets: Budgets) -> siamese.ReportedEmbedder:
    held_out = truth()
    keras = embedded(held_out, 0.3)
    int8 = (keras + np.random.default_rng(1).normal(0, 0.02, keras.shape)).astype(np.float32)
    figures = measure_pairs("int8", int8, held_out, keras, size=40_000)
    candidates: list[Compared | RefusedVariant] = [
        RefusedVariant("dynamic", "dynamic: it <b>broke"),
        Compared("int8", b"", int8, figures, tuple(missed(figures, budgets))),
    ]
    return siamese.ReportedEmbedder("faces", "embedder/mobilefacenet", held_out, keras, candidates, budgets, 100)


def test_the_page_and_the_card_say_what_was_measured(tmp_path: Path) -> None:
    content = siamese.write(subject(Budgets()), tmp_path)
    assert content == json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (content["grade"], content["variant"]) == ("passed", "int8")
    assert content["variants"][0]["variant"] == "keras"
    assert content["variants"][1]["embedding_agreement"] > 0.99
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<b>broke" not in page
    assert "48 photos of 8 people" in page
    card = siamese.card(content)
    assert card["accepted_at_0.01"] > 0.9
    assert "accepted_at_0.001" not in card  # 1,008 pairs do not bear it
    assert "120 pairs of one person, 1008 of different people" in card["measured_on"]


def test_the_curves_of_an_embedders_training_are_in_its_report(tmp_path: Path) -> None:
    epochs = [{"loss": 0.4, "val_loss": 0.5, "val_order": 0.6}, {"loss": 0.3, "val_loss": 0.4, "val_order": 0.8}]
    content = siamese.write(replace(subject(Budgets()), history=epochs), tmp_path)
    assert content["history"] == {"best": 2, "epochs": epochs}
    html = (tmp_path / "report.html").read_text("utf-8")
    assert "<title>val order: 0.800</title>" in html


def test_an_embedder_that_misses_a_budget_fails() -> None:
    one = subject(Budgets(embedding_agreement=0.99999))
    assert one.grade == "failed"
    assert one.best is not None
    assert one.best.misses[0].startswith("embedding_agreement is ")


def test_people_who_were_learnt_or_have_no_name_are_no_test() -> None:
    def dataset(train: int, test: int) -> Dataset:
        rows = [(Sample(Path("a.png"), label, WHOLE, str(label)),) for label in (train, 9, test)]
        return Dataset(("unknown",), dict(zip(SPLITS, rows, strict=True)))

    require_strangers(dataset(1, 2))
    with pytest.raises(UsageError, match='apart = "person"'):
        require_strangers(dataset(1, 1))
    with pytest.raises(UsageError, match="some are 'unknown'"):
        require_strangers(dataset(0, 1))
