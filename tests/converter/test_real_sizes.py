"""Classifiers and embedders at the size they are published in become files that the daemon's runtime takes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from converter import guards, runtime
from converter.answers import outputs_of_keras
from converter.architectures import DESIGNS, build
from converter.portraits import varied_chips
from converter.quantize import Variant, quantize
from edgegate.types import Image

pytestmark = [pytest.mark.train, pytest.mark.full, pytest.mark.timeout(1200)]

NAMES = [name for name, design in DESIGNS.items() if design.task != "tracker" and not design.on_a_pack]
CLASSES = 6


def faces(size: int, count: int) -> Image:
    chips = varied_chips(count, 3)
    return np.stack([np.asarray(cv2.resize(chip, (size, size)), np.uint8) for chip in chips])


@pytest.mark.parametrize("variant", ["float32", "int8"])
@pytest.mark.parametrize("name", NAMES)
def test_it_is_converted_and_answers(name: str, variant: Variant) -> None:
    task, size = DESIGNS[name].task, DESIGNS[name].input_size
    model = build(name, classes=CLASSES)
    blob = quantize(model, variant, faces(size, 50) if variant == "int8" else ())
    pictures = faces(size, 4)
    (output,) = model.output
    reference = outputs_of_keras(model, pictures)[output]
    run = runtime.run(blob, pictures, reference.shape[1], task=task)
    guards.check_input(blob, variant)
    assert np.isfinite(run.outputs[output]).all()
    assert len(blob) == pytest.approx(model.count_params() * (4 if variant == "float32" else 1), rel=0.25)
    if variant == "float32":
        assert run.outputs[output] == pytest.approx(reference, rel=1e-2, abs=1e-3 * float(np.abs(reference).max()))
