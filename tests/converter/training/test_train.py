"""Training: repeatable, resumable whatever happens, and plain about what it refuses."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from converter.architectures import build
from converter.cli import main
from converter.compositions import write_compositions
from converter.data.dataset import Dataset
from converter.training.train import Trained, train
from edgegate.errors import EdgegateError, UsageError
from tests.support.converter.tiny_run import TINY
from tests.support.paths import ROOT

pytestmark = pytest.mark.train

DEADLINE = 110.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "compositions"
    write_compositions(folder, 60, seed=1)
    return folder


@pytest.fixture(scope="module")
def dataset(folder: Path) -> Dataset:
    from converter.data.dataset import load_dataset  # noqa: PLC0415

    return load_dataset(folder)


@pytest.fixture(scope="module")
def whole(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    """A run that nothing interrupted."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    return out, train(TINY, dataset, out)


def test_a_run_leaves_a_network_its_history_curves_and_logs(whole: tuple[Path, Trained]) -> None:
    out, trained = whole
    assert trained.model_path == out / "model.keras"
    assert len(trained.history) == TINY.epochs
    document = json.loads((out / "history.json").read_text("utf-8"))
    assert document["epochs"] == list(trained.history)
    for name in ("loss", "class_loss", "box_loss", "class_accuracy", "class_f1", "box_iou"):
        assert {name, f"val_{name}"} <= document["epochs"][0].keys()
    assert np.asarray(cv2.imread(str(out / "curves.png"))).shape == (450, 1500, 3)
    assert list((out / "tensorboard").rglob("events.out.*"))


def test_the_network_it_leaves_is_the_best_epochs(whole: tuple[Path, Trained], dataset: Dataset) -> None:
    import keras  # noqa: PLC0415

    from converter.training.feed import read_pictures, validation_batches  # noqa: PLC0415

    out, trained = whole
    model = keras.models.load_model(out / "model.keras", compile=False)
    pictures = read_pictures(dataset.splits["valid"], TINY.size)
    answers = [(model.predict_on_batch(images), truth) for images, truth, _ in validation_batches(pictures, 8)]
    right = [answer["class"].argmax(axis=1) == truth["class"].numpy() for answer, truth in answers]
    best = trained.history[trained.best]
    assert np.concatenate(right).mean() == pytest.approx(best["val_class_accuracy"], abs=1e-6)


def test_the_same_seed_and_data_give_the_same_curves(
    whole: tuple[Path, Trained], dataset: Dataset, tmp_path: Path
) -> None:
    assert train(TINY, dataset, tmp_path / "again").history == whole[1].history


def test_in_a_pipe_a_run_says_a_line_an_epoch(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = train(dataclasses.replace(TINY, epochs=2, frozen=("conv1",)), dataset, tmp_path / "run")
    told = capsys.readouterr()
    begun, *epochs = told.err.splitlines()
    given = re.fullmatch(r"training: ([\d,]+) of ([\d,]+) parameters", begun)
    assert given is not None
    assert int(given[1].replace(",", "")) < int(given[2].replace(",", ""))
    figure = r"\d+\.\d{3}"
    for number, line in enumerate(epochs, start=1):
        words = rf"loss {figure}, val_loss {figure}, accuracy {figure}, IoU {figure}; \d+\.\d s"
        assert re.fullmatch(rf"epoch {number} of 2: {words}", line), line
    assert len(epochs) == len(trained.history) == 2
    assert told.out == ""


def test_a_run_killed_after_its_second_epoch_ends_as_if_it_had_not_been(
    whole: tuple[Path, Trained], folder: Path, dataset: Dataset, tmp_path: Path
) -> None:
    out = tmp_path / "killed"
    with subprocess.Popen(_command(folder, out), stderr=subprocess.PIPE) as process:
        _wait_until(lambda: _epochs(out) >= 2 or process.poll() is not None)
        process.send_signal(signal.SIGKILL)
    kept = _epochs(out)
    assert 2 <= kept < TINY.epochs
    assert not (out / "model.keras").exists()
    # What it was writing: a checkpoint that no history names yet, and one that is not whole.
    for name in (f"epoch-{kept + 1:04d}.keras", f".epoch-{kept + 1:04d}.partial.keras"):
        (out / "checkpoints" / name).write_bytes(b"PK half a checkpoint")
    assert train(TINY, dataset, out).history == whole[1].history


def test_a_finished_run_is_not_trained_again(whole: tuple[Path, Trained], dataset: Dataset) -> None:
    out, trained = whole
    before = (out / "history.json").stat().st_mtime_ns
    assert train(TINY, dataset, out) == trained
    assert (out / "history.json").stat().st_mtime_ns == before


def test_a_run_of_other_settings_is_refused(whole: tuple[Path, Trained], dataset: Dataset) -> None:
    with pytest.raises(UsageError, match="differs in batch_size, learning_rate;"):
        train(dataclasses.replace(TINY, epochs=9, batch_size=4, learning_rate=1.0), dataset, whole[0])


@pytest.mark.timeout(400)
def test_with_more_epochs_a_run_that_has_ended_goes_on(dataset: Dataset, tmp_path: Path) -> None:
    """At a constant rate as if it had been asked for them at once; its optimizer goes on too."""
    settings = dataclasses.replace(TINY, epochs=1, schedule="constant")
    first = train(settings, dataset, tmp_path / "run")
    longer = dataclasses.replace(settings, epochs=3, patience=TINY.patience + 1)
    second = train(longer, dataset, tmp_path / "run")
    assert second.history[:1] == first.history
    assert second.history == train(longer, dataset, tmp_path / "at once").history
    assert json.loads((tmp_path / "run" / "history.json").read_text("utf-8"))["origin"]["epochs"] == 3
    with pytest.raises(UsageError, match="holds a training run of 3 epochs, more than 2"):
        train(dataclasses.replace(longer, epochs=2), dataset, tmp_path / "run")


def test_frozen_layers_stay_as_they_were(dataset: Dataset, tmp_path: Path) -> None:
    import keras  # noqa: PLC0415

    trained = train(dataclasses.replace(TINY, epochs=1, frozen=("conv",)), dataset, tmp_path / "run")
    after = keras.models.load_model(trained.model_path, compile=False)
    keras.utils.set_random_seed(TINY.seed)
    before = build(TINY.design, classes=2, input_size=TINY.input_size, width=TINY.width, head=TINY.head)
    for layer in before.layers:
        if layer.trainable_weights:
            same = all(map(np.array_equal, layer.get_weights(), after.get_layer(layer.name).get_weights()))
            assert same == layer.name.startswith("conv"), layer.name


def test_freezing_what_is_not_there_names_what_is(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"frozen 'block9'.*begin with .*conv1"):
        train(dataclasses.replace(TINY, frozen=("block9",)), dataset, tmp_path / "run")


def test_two_replicas_learn_like_one(folder: Path, whole: tuple[Path, Trained], tmp_path: Path) -> None:
    """Two that share a processor, in a process of its own, for TensorFlow divides devices only when it starts."""
    call = [sys.executable, "-m", "tests.support.converter.two_replicas", str(folder), str(tmp_path / "run")]
    done = subprocess.run(call, cwd=ROOT, check=True, capture_output=True, text=True)
    loss = float(done.stdout.splitlines()[-1])
    assert loss == pytest.approx(whole[1].history[0]["loss"], rel=0.1)  # they normalize batches by halves


def test_a_loss_that_is_no_number_any_more_ends_the_run(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(EdgegateError, match="lower the learning rate"):
        train(dataclasses.replace(TINY, learning_rate=float("inf")), dataset, tmp_path / "run")


def test_without_a_network_imagenet_weights_are_told_with_the_way_out(folder: Path, tmp_path: Path) -> None:
    nowhere = {"KERAS_HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}  # nobody listens there
    call = [sys.executable, "-m", "converter", "train", str(folder), "--out", str(tmp_path / "run")]
    wanted = ["--design", "tracker/mobilenet_v2", "--weights", "imagenet"]
    done = subprocess.run([*call, *wanted], env=os.environ | nowhere, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last.startswith("converter: mobilenet_v2: weights 'imagenet'")
    assert "train from scratch" in last
    assert "Traceback" not in done.stderr


def test_the_command_prints_the_best_epoch(
    whole: tuple[Path, Trained], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, trained = whole
    assert main([*_command(folder, out)[3:], "--json"]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert printed["best"] == trained.best + 1
    assert printed["val_loss"] == trained.history[trained.best]["val_loss"]


def _command(folder: Path, out: Path) -> list[str]:
    options = {
        "--design": TINY.design,
        "--input-size": TINY.input_size,
        "--width": TINY.width,
        "--head": TINY.head,
        "--epochs": TINY.epochs,
        "--batch-size": TINY.batch_size,
        "--learning-rate": TINY.learning_rate,
        "--seed": TINY.seed,
        "--out": out,
    }
    pairs = [str(word) for option in options.items() for word in option]
    return [sys.executable, "-m", "converter", "train", str(folder), *pairs]


def _epochs(out: Path) -> int:
    file = out / "history.json"
    return len(json.loads(file.read_text("utf-8"))["epochs"]) if file.exists() else 0


def _wait_until(ready: Callable[[], bool]) -> None:
    end, pause = time.monotonic() + DEADLINE, threading.Event()
    while not ready():
        assert time.monotonic() < end
        pause.wait(0.005)
