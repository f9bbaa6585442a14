"""Every design, in every variant, on whatever runtime and Python this is: it loads, answers, and is small enough.

`convert_all` makes the packs, with TensorFlow; here there need be none.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from converter.architectures import BACKBONES
from converter.tflite.variants import VARIANTS
from edgegate.vision.packs import load_pack
from edgegate.vision.tflite import Floats, Model, Runtime

FOLDER = os.environ.get("EDGEGATE_CONVERTED")
RUNTIME = cast("Runtime", os.environ.get("EDGEGATE_RUNTIME", "auto"))
OUTPUTS = ("class", "box")

MAX_MEGABYTES = {"vgg16-int8": 17.5} | {f"cnn-{variant}": 1.0 for variant in VARIANTS}

MAX_ROUNDING = {"float32": 1e-3, "float16": 1e-3, "dynamic": 0.05, "int8": 0.05}
"""By which runtimes differ from the golden answer, of which the daemon allows every variant 0.05."""

MAX_DEVIATION = {"float32": 1e-3, "float16": 0.05, "dynamic": 0.6, "int8": 0.6}
"""From the Keras model's answers, as a share of what they differ by from picture to picture: a constant has 1.

The networks are not trained, and 8 bits lose more of such answers than of a trained one's; where they fall differs
from one processor to another (0.2 to 0.4 were seen).
"""

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not FOLDER, reason="no converted designs in $EDGEGATE_CONVERTED: `make test FULL=1` makes them"),
]


@pytest.fixture(scope="module", params=[f"{backbone}-{variant}" for backbone in BACKBONES for variant in VARIANTS])
def model(request: pytest.FixtureRequest) -> Model:
    """Loaded as the daemon loads it, which includes the golden answer."""
    return Model(load_pack(Path(str(FOLDER)) / request.param, "tracker"), runtime=RUNTIME)


@pytest.mark.parametrize(("name", "megabytes"), MAX_MEGABYTES.items())
def test_it_is_within_its_size(name: str, megabytes: float) -> None:
    assert load_pack(Path(str(FOLDER)) / name, "tracker").model.stat().st_size <= megabytes * 1e6


def test_it_gives_the_golden_answer(model: Model) -> None:
    golden = stored(model, "golden.npz")
    answers = model.run(golden["input"][0])
    for name in OUTPUTS:
        assert answers[name] == pytest.approx(golden[name], rel=0, abs=MAX_ROUNDING[variant_of(model)])


def test_it_answers_as_keras_does(model: Model) -> None:
    reference = stored(model, "reference.npz")
    answers = [model.run(picture) for picture in reference["pictures"]]
    for name in OUTPUTS:
        given = np.concatenate([answer[name] for answer in answers])
        assert deviation(given, reference[name]) <= MAX_DEVIATION[variant_of(model)], name


def variant_of(model: Model) -> str:
    return model.pack.folder.name.split("-")[1]


def stored(model: Model, name: str) -> dict[str, npt.NDArray[Any]]:
    with np.load(model.pack.folder / name) as file:
        return dict(file)


def deviation(given: Floats, expected: Floats) -> float:
    """Root mean square, as a share of that of `expected` around its mean over the pictures."""
    return float(np.linalg.norm(given - expected) / np.linalg.norm(expected - expected.mean(axis=0)))
