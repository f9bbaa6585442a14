"""A .tflite that is damaged is refused, even where it takes its interpreter with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest

from converter.data.dataset import load_dataset
from converter.tflite import runtime
from converter.tflite.calibration import from_training
from converter.tflite.quantize import quantize
from edgegate.errors import ModelError
from edgegate.types import Image
from tests.support.converter.tiny_tracker import SIZE

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def pictures(tiny_data: Path) -> Image:
    return np.stack(from_training(load_dataset(tiny_data), SIZE, 6))


@pytest.fixture(scope="module")
def blob(tiny_model: Any) -> bytes:
    return quantize(tiny_model, "float32")


def crashing(blob: bytes) -> bytes:
    """Its signature names a graph that is not there, which the runtime looks up without looking."""
    from ai_edge_litert import schema_py_generated as schema  # noqa: PLC0415

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(blob, 0))
    model.signatureDefs[0].subgraphIndex = 7
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def test_it_runs_in_another_process_and_says_what_it_took(blob: bytes, pictures: Image) -> None:
    run = runtime.run(blob, pictures, 2)
    assert run.answers.classes.shape == (6, 2)
    assert run.answers.boxes.shape == (6, 4)
    assert 0 < run.latency_ms < 1000
    assert 0 < run.memory_mb < 500


def test_what_was_run_can_be_kept(blob: bytes, pictures: Image, tmp_path: Path) -> None:
    run = runtime.run(blob, pictures, 2)
    run.save(tmp_path)
    kept = runtime.Run.load(tmp_path)
    assert (kept.latency_ms, kept.memory_mb) == (run.latency_ms, run.memory_mb)
    assert np.array_equal(kept.answers.classes, run.answers.classes)
    assert np.array_equal(kept.answers.boxes, run.answers.boxes)


def test_a_file_that_kills_the_interpreter_is_refused(blob: bytes, pictures: Image) -> None:
    with pytest.raises(ModelError, match=r"crashes the runtime \(SIG[A-Z]+\), and would the daemon"):
        runtime.run(crashing(blob), pictures, 2)


@pytest.mark.parametrize("damage", ["cut", "empty", "text"])
def test_a_damaged_file_is_refused_in_one_line(damage: str, blob: bytes, pictures: Image) -> None:
    bad = {"cut": blob[: len(blob) // 2], "empty": b"", "text": b"no model" * 99}[damage]
    with pytest.raises(ModelError, match=r"^the \.tflite does not run: the runtime cannot load it") as raised:
        runtime.run(bad, pictures, 2)
    assert "\n" not in str(raised.value)


def test_another_number_of_classes_is_refused(blob: bytes, pictures: Image) -> None:
    with pytest.raises(ModelError, match=r"class has shape \(1, 2\), its card says \(1, 5\)"):
        runtime.run(blob, pictures, 5)


def test_one_that_does_not_end_is_given_up(blob: bytes, pictures: Image) -> None:
    with pytest.raises(ModelError, match=r"did not end within 0\.01 s"):
        runtime.run(blob, pictures, 2, timeout=0.01)
