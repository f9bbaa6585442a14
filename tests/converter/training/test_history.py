"""Conclusions from a run's curves: the next learning rate, the best epoch, the end."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.training.history import History, known, learning_rate, read_history, write_history
from edgegate.errors import EdgegateError


def of(*losses: float) -> History:
    return History({}, tuple({"val_loss": loss} for loss in losses))


def test_the_best_epoch_is_the_first_of_the_least_losses() -> None:
    assert of(3, 1, 2, 1).best == 1


def test_it_ends_after_its_epochs_or_when_patience_is_out() -> None:
    assert not of().finished(epochs=3, patience=1)
    assert of(3, 2, 1).finished(epochs=3, patience=9)
    assert not of(1, 2).finished(epochs=9, patience=2)
    assert of(1, 2, 3).finished(epochs=9, patience=2)


def test_cosine_falls_from_the_start_to_a_hundredth() -> None:
    rates = [learning_rate(of(*[1.0] * done), "cosine", 0.1, epochs=10, patience=4) for done in range(11)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0.001)


def test_plateau_halves_the_rate_when_half_the_patience_is_out() -> None:
    rates = [
        learning_rate(of(*[5.0, 4.0, 4.5, 4.4, 4.3, 4.2, 1.0][:done]), "plateau", 0.8, epochs=99, patience=4)
        for done in range(8)
    ]
    assert rates == pytest.approx([0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.2, 0.2])


def test_constant_stays() -> None:
    assert learning_rate(of(1, 2, 3), "constant", 0.1, epochs=3, patience=1) == 0.1


@given(st.lists(st.floats(0, 1e6), max_size=20))
def test_whatever_the_losses_are_rates_are_above_zero_and_never_rise(losses: list[float]) -> None:
    for schedule in ("cosine", "plateau", "constant"):
        rates = [learning_rate(of(*losses[:done]), schedule, 0.1, 20, 6) for done in range(len(losses) + 1)]
        assert all(0 < later <= earlier for earlier, later in pairwise(rates))


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    assert read_history(file) is None
    history = History({"seed": 3}, ({"val_loss": 0.1, "loss": 2.0},))
    write_history(file, history)
    assert read_history(file) == history


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', '{"schema": 1, "origin": {}, "epochs": [3]}'])
def test_a_damaged_one_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "history.json"
    file.write_text(text, "utf-8")
    with pytest.raises(EdgegateError, match=r"history\.json") as caught:
        read_history(file)
    assert "\n" not in str(caught.value)


def test_a_networks_epochs_are_those_beside_it_or_none(tmp_path: Path) -> None:
    assert known(tmp_path) == ()
    history = of(3.0, 1.0)
    write_history(tmp_path / "history.json", history)
    assert known(tmp_path) == history.epochs
    (tmp_path / "history.json").write_text('{"loss": [3, 1]}', "utf-8")  # as a script of somebody's left it
    assert known(tmp_path) == ()
