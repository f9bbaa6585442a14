"""Every design as model packs in every variant: `python -m tests.support.converter.convert_all FOLDER [DESIGN …]`.

Writes FOLDER/<backbone>-<variant>/, each a pack with its golden answer and, in REFERENCE_FILE, what Keras answers.
The weights are random, of one seed. Without designs named, each is made in a process of its own: TensorFlow keeps
what it has taken.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from converter import packs
from converter.architectures import BACKBONES, INPUT_SIZE, build, find
from converter.compositions import write_compositions
from converter.evaluation.fidelity import held_out
from converter.tflite import guards, runtime
from converter.tflite.answers import Answers, of_keras
from converter.tflite.calibration import from_training
from converter.tflite.quantize import quantize
from converter.tflite.variants import VARIANTS, Variant
from edgegate.errors import EdgegateError, ModelError
from edgegate.types import Image
from edgegate.vision.packs import InputSpec
from tests.support.converter.untaught import balance, condition

TRACKERS = tuple(backbone.design for backbone in BACKBONES.values())

LABELS = ("unknown", "anna", "ben")
REFERENCE_FILE = "reference.npz"
"""`pictures` (n, size, size, 3) RGB uint8, and the Keras model's `class` (n, classes) and `box` (n, 4) for them."""

SEED = 7
COMPOSITIONS = 80
"""Of which 56 are for training, and so for calibration, and 12 for comparison."""


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """(n, size, size, 3) RGB uint8 each: what ranges are measured on, and what answers are compared on."""

    calibration: Image
    compared: Image


def main(folder: Path, designs: list[str]) -> int:
    if not designs:
        call = [sys.executable, "-m", "tests.support.converter.convert_all", str(folder)]
        return int(any(subprocess.run([*call, design], check=False).returncode for design in TRACKERS))
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # as the command line sets it
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        pictures = composed()
        for design in designs:
            convert(design, pictures, folder)
    except EdgegateError as error:
        print(error, file=sys.stderr)
        return error.status
    return 0


def composed() -> Pictures:
    with tempfile.TemporaryDirectory(prefix="edgegate-") as temporary:
        dataset = write_compositions(Path(temporary) / "dataset", COMPOSITIONS, SEED)
        return Pictures(np.stack(from_training(dataset, INPUT_SIZE)), held_out(dataset, INPUT_SIZE).pictures)


def convert(design: str, pictures: Pictures, folder: Path) -> None:
    """Write the packs of all variants; raises ModelError where one fails a guard."""
    model = random_network(design, pictures.calibration)
    reference = of_keras(model, pictures.compared)
    for name, values in (("class", reference.classes), ("box", reference.boxes)):
        if guards.is_constant(values):
            raise ModelError(f"{design}: {name} of random weights is the same for every picture; scale them otherwise")
    for variant in VARIANTS:
        blob = quantize(model, variant, pictures.calibration)
        answers = runtime.run(blob, pictures.compared, len(LABELS)).answers
        guards.check_answers(variant, answers, reference)
        target = write(design, variant, blob, pictures.compared, reference, folder)
        print(f"{target.name}: {len(blob) / 1e6:.2f} MB", flush=True)


def random_network(design: str, pictures: Image) -> Any:
    """A keras.Model whose answers depend on the picture, although it never learned anything."""
    import keras  # noqa: PLC0415 - heavy

    keras.utils.set_random_seed(SEED)
    model = build(design, classes=len(LABELS))
    condition(model, pictures.astype(np.float32), SEED)
    balance(model, pictures)
    return model


def write(design: str, variant: Variant, blob: bytes, pictures: Image, reference: Answers, folder: Path) -> Path:
    with tempfile.TemporaryDirectory(prefix="edgegate-") as temporary:
        beside = Path(temporary) / REFERENCE_FILE
        answers = {"class": reference.classes, "box": reference.boxes}
        np.savez_compressed(beside, allow_pickle=False, pictures=pictures, **answers)
        draft = packs.Draft(
            name=f"{find(design).name}-{variant}",
            task="tracker",
            blob=blob,
            input=InputSpec(INPUT_SIZE, INPUT_SIZE, 0, 255, "rgb"),
            outputs={"class": (1, len(LABELS)), "box": (1, 4)},
            licence="Apache-2.0",
            origin={"design": design, "weights": f"random, seed {SEED}"},
            probe=pictures[0],
            labels=LABELS,
            beside=(beside,),
        )
        return packs.write(draft, folder)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
