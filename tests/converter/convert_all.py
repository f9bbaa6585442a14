"""Every design as model packs in every variant: `python -m tests.converter.convert_all FOLDER [DESIGN …]`.

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

from converter import guards, packs, runtime
from converter.answers import Answers, of_keras
from converter.architectures import BACKBONES, INPUT_SIZE, build, find
from converter.calibration import from_training
from converter.compositions import write_compositions
from converter.quantize import VARIANTS, Variant, quantize
from converter.verify import held_out
from edgegate.errors import EdgegateError, ModelError
from edgegate.types import Image
from edgegate.vision.packs import InputSpec

TRACKERS = tuple(backbone.design for backbone in BACKBONES.values())

LABELS = ("unknown", "anna", "ben")
REFERENCE_FILE = "reference.npz"
"""`pictures` (n, size, size, 3) RGB uint8, and the Keras model's `class` (n, classes) and `box` (n, 4) for them."""

SEED = 7
OPENING = 2.0
"""By how many deviations normalized signals lie above zero, so that most rectifiers are open. A deep network of random
weights that closes half of them is chaotic: rounding grows until int8 answers have nothing to do with the picture."""

SPREAD = 0.25
"""Deviation of the answers' logits over the pictures: they differ, and none saturates. What sets the pictures of an
untrained network apart is small, and spreading it spreads what quantization does to it as well: at 1, quantized
MobileNets made with one runtime are up to 0.1 off on the other, where the daemon allows 0.05."""

COMPOSITIONS = 80
"""Of which 56 are for training, and so for calibration, and 12 for comparison."""


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """(n, size, size, 3) RGB uint8 each: what ranges are measured on, and what answers are compared on."""

    calibration: Image
    compared: Image


def main(folder: Path, designs: list[str]) -> int:
    if not designs:
        call = [sys.executable, "-m", "tests.converter.convert_all", str(folder)]
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
    """A keras.Model whose answers depend on the picture, although it never learned anything.

    Kernels are drawn at the scale that keeps a signal's variance through rectifiers (He et al., "Delving Deep into
    Rectifiers", 2015), and batch normalization holds the statistics of `pictures`.
    """
    import keras  # noqa: PLC0415 - heavy

    keras.utils.set_random_seed(SEED)
    model = build(design, classes=len(LABELS))
    rng = np.random.default_rng(SEED)
    for layer in model.layers:
        if getattr(layer, "kernel", None) is not None and layer.trainable:
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            shape = layer.kernel.shape
            fan_in = np.prod(shape[:2] if depthwise else shape[:-1])
            layer.kernel.assign(rng.normal(0, np.sqrt(2 / fan_in), shape))
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0  # one pass in training mode leaves the batch's own statistics
            if layer.beta is not None:
                layer.beta.assign(np.full(layer.beta.shape, OPENING))
    model(pictures.astype(np.float32), training=True)
    _balance(model, pictures)
    return model


def _balance(model: Any, pictures: Image) -> None:
    """Where an answer is a dense layer's, let its logits have mean 0 and deviation SPREAD over `pictures`."""
    import keras  # noqa: PLC0415

    for last in model.layers:
        if last.name in model.output and isinstance(last, keras.layers.Dense):
            hidden = keras.Model(model.input, last.input).predict(pictures, batch_size=16, verbose=0)
            kernel = np.asarray(last.kernel)
            logits = (hidden @ kernel).reshape(-1, last.units)
            gain = SPREAD / (logits.std(axis=0) + 1e-6)
            last.set_weights([kernel * gain, -logits.mean(axis=0) * gain])


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
