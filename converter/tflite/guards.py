"""Failures of conversion that raise no error: each is looked for, and refused by name.

Seen with TensorFlow 2.21 and the TFLite runtimes of its day: weights left out of the file, a range that clips bright
pixels, outputs that do not depend on the picture, outputs in each other's place, and NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from converter.tflite.answers import Answers
from edgegate.errors import ModelError

if TYPE_CHECKING:
    from converter.tflite.variants import Variant

BYTES_PER_WEIGHT = {"float32": 4, "float16": 2, "dynamic": 1, "int8": 1}

VARIES = 1e-3
"""The range over the pictures from which on a constant output in the Keras model's place is a fault."""


def check_weights(blob: bytes, model: Any, variant: Variant) -> None:
    """Raises ModelError if the file is too small to hold the model's kernels.

    Only kernels are counted: biases keep their own precision and batch normalization is folded away.
    """
    weights = sum(int(np.prod(variable.shape)) for variable in model.weights if len(variable.shape) >= 2)
    if len(blob) < weights * BYTES_PER_WEIGHT[variant]:
        raise ModelError(
            f"{variant}: the TFLite converter lost weights: {len(blob)} bytes for {weights} of them; "
            "convert the Keras model itself, not a function of it"
        )


def check_input(blob: bytes, variant: str) -> None:
    """Raises ModelError unless pixels go in as they are: float32, or uint8 of scale 1 and zero point 0.

    Only for a file that is known to load: it is opened in this process.
    """
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - not needed to read this module

    details = Interpreter(model_content=blob).get_input_details()[0]
    dtype, quantization = np.dtype(details["dtype"]), details["quantization"]
    if dtype != np.float32 and not (dtype == np.uint8 and quantization == (1.0, 0)):
        raise ModelError(
            f"{variant}: the input is {dtype} quantized by {quantization}, so pixels would not fit and bright ones be "
            "clipped; let the model take pixels 0…255, and calibrate on the whole range"
        )


def check_answers(variant: str, answers: Answers, reference: Answers) -> None:
    """Compare what a .tflite gave with what the Keras model gave for the same pictures; raises ModelError."""
    pairs = {
        "class": (answers.classes, reference.classes, reference.boxes),
        "box": (answers.boxes, reference.boxes, reference.classes),
    }
    for name, (given, expected, other) in pairs.items() if reference.boxed else [("class", pairs["class"])]:
        if given.shape != expected.shape:
            raise ModelError(
                f"{variant}: the outputs are reversed: {name} has {given.shape[1]} values, not {expected.shape[1]}"
            )
        check_values(f"{variant}: {name}", given, expected)
        if given.shape == other.shape and _distance(given, other) < _distance(given, expected):
            raise ModelError(f"{variant}: the outputs are reversed: {name} holds the other one's values")


def check_values(what: str, given: npt.NDArray[np.float32], expected: npt.NDArray[np.float32]) -> None:
    """Raises ModelError where `given` (n, m) holds no numbers, or has become constant."""
    if not np.isfinite(given).all():
        raise ModelError(f"{what} is not a number for some pictures; the conversion is not usable")
    if is_constant(given) and not is_constant(expected):
        raise ModelError(f"{what} is the same for every picture; the conversion is not usable")


def is_constant(values: npt.NDArray[np.float32]) -> bool:
    """True if no column of (n, m) values ranges over more than VARIES."""
    return len(values) > 1 and float(np.ptp(values, axis=0).max()) <= VARIES


def _distance(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    return float(np.abs(one - other).mean())
