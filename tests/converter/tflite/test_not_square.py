"""A network whose input is wider than high sees the frame stretched to it, at the door as in the converter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from converter.cli import main
from converter.data.dataset import Dataset, load_dataset
from converter.evaluation.fidelity import held_out
from converter.networks.trained import load_model, size_of
from converter.packs import Draft, write
from converter.tflite.answers import Answers, of_keras, shapes
from converter.tflite.calibration import from_training
from converter.tflite.quantize import quantize
from converter.tflite.runtime import run
from edgegate.types import Frame
from edgegate.vision.packs import InputSpec, load_pack
from edgegate.vision.preprocess import stretch
from edgegate.vision.tflite import Model
from edgegate.vision.tracker import TrackerNetwork

pytestmark = pytest.mark.train

WIDTH, HEIGHT = 160, 96


@pytest.fixture(scope="module")
def pointer() -> Any:
    """A keras.Model whose box is around the middle of what is bright; a width taken for a height moves it."""
    import keras  # noqa: PLC0415 - with `ops`: only where TensorFlow is installed
    from keras import ops  # noqa: PLC0415

    image = keras.Input((HEIGHT, WIDTH, 3), name="image")
    light = ops.mean(image, axis=3) / 255
    total = ops.sum(light, axis=(1, 2)) + 1e-3
    x = ops.sum(light * (np.arange(WIDTH, dtype=np.float32) + 0.5)[None, None] / WIDTH, axis=(1, 2)) / total
    y = ops.sum(light * (np.arange(HEIGHT, dtype=np.float32) + 0.5)[None, :, None] / HEIGHT, axis=(1, 2)) / total
    box = ops.stack([x - 0.05, y - 0.1, x + 0.05, y + 0.1], axis=1)
    seen = ops.clip(total, 0.0, 1.0)
    return keras.Model(image, {"class": ops.stack([1 - seen, seen], axis=1), "box": box})


def test_the_door_finds_what_the_network_points_at(pointer: Any, tmp_path: Path) -> None:
    frame = np.zeros((480, 640, 3), np.uint8)
    cv2.circle(frame, (520, 90), 25, (255, 255, 255), -1)
    draft = Draft(
        name="wide",
        task="tracker",
        blob=quantize(pointer, "float32"),
        input=InputSpec(WIDTH, HEIGHT, 0, 255, "rgb"),
        outputs=shapes("tracker", 2),
        licence="CC0-1.0",
        origin={"change": "made by a test"},
        probe=stretch(frame, WIDTH, HEIGHT),
        labels=("unknown", "anna"),
    )
    found = TrackerNetwork(Model(load_pack(write(draft, tmp_path), "tracker"))).look(Frame(0.0, 0, frame))
    assert found.index == 1
    assert found.box is not None
    assert found.box.center == pytest.approx((520, 90), abs=2)


def test_the_converter_sees_pictures_as_the_door_does(pointer: Any, tiny_data: Path, tmp_path: Path) -> None:
    pointer.save(tmp_path / "wide.keras")
    model, dataset = load_model(tmp_path / "wide.keras"), load_dataset(tiny_data)
    assert size_of(model) == (WIDTH, HEIGHT)
    truth = held_out(dataset, *size_of(model))
    assert truth.pictures.shape[1:] == (HEIGHT, WIDTH, 3)
    assert from_training(dataset, WIDTH, 5, height=HEIGHT)[0].shape == (HEIGHT, WIDTH, 3)
    blob = quantize(model, "dynamic")
    given: Answers = run(blob, truth.pictures, 2).answers
    np.testing.assert_allclose(given.boxes, of_keras(model, truth.pictures).boxes, atol=1e-4)


def test_the_commands_take_it_as_any_other(pointer: Any, tiny_data: Path, tmp_path: Path) -> None:
    pointer.save(tmp_path / "wide.keras")
    model, data, blob = str(tmp_path / "wide.keras"), str(tiny_data), str(tmp_path / "wide.tflite")
    budgets = tmp_path / "none.toml"
    none = "accuracy = 0\nmean_iou = 0\nclass_agreement = 0\nbox_agreement = 0\nfalse_accept_bound = 1\n"
    budgets.write_text(f"[data]\ncompositions = 100\n\n[budgets]\n{none}", "utf-8")
    assert main(["quantize", model, data, "--out", blob]) == 0
    assert main(["verify", model, data, blob, "--recipe", str(budgets)]) == 0
    assert main(["report", model, data, blob, "--recipe", str(budgets), "--out", str(tmp_path / "report")]) == 0
    assert (tmp_path / "report" / "report.html").exists()


def test_a_bare_file_points_where_its_keras_model_does(
    pointer: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = np.zeros((480, 640, 3), np.uint8)
    cv2.circle(frame, (520, 90), 25, (255, 255, 255), -1)
    cv2.imwrite(str(tmp_path / "spot.png"), frame)
    (tmp_path / "wide.tflite").write_bytes(quantize(pointer, "float32"))
    call = ["predict", str(tmp_path / "wide.tflite"), str(tmp_path / "spot.png"), "--labels", "unknown,anna"]
    assert main(call) == 0
    said = capsys.readouterr().out
    assert ": anna, " in said
    x1, y1, x2, y2 = map(float, said.split("box ")[1].split()[:4])
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx((520 / 640, 90 / 480), abs=0.01)


def test_the_same_dataset_is_seen_square_where_no_height_is_given(tiny_data: Path) -> None:
    dataset: Dataset = load_dataset(tiny_data)
    assert held_out(dataset, 48).pictures.shape[1:] == (48, 48, 3)
