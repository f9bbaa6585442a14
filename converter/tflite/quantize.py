"""Keras to TFLite in four variants: raw pixels in, floats out, every output under its name.

Quantization-aware training is left out: TensorFlow's own library for it does not take Keras 3 models.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.tflite import guards
from converter.tflite.calibration import checked
from converter.tflite.folded import Folded
from converter.tflite.variants import Variant
from edgegate.errors import ModelError
from edgegate.system.quiet import quiet
from edgegate.types import Image


def quantize(model: Any, variant: Variant, calibration: Iterable[Image] = ()) -> bytes:
    """The .tflite of a keras.Model with one input `image` (pixels 0…255) and a dict of outputs.

    `int8` is integer throughout and takes uint8 pixels; `dynamic` keeps int8 weights, `float16` half-precision ones,
    and both take float32 pixels, as `float32` does. Only `int8` uses `calibration`: RGB pictures of the input's size,
    which `calibration.checked` must accept. Raises ModelError, also where the converter has failed without saying so.
    """
    if isinstance(model, Folded):
        if variant != "float32":
            raise ModelError(f'{variant}: the pack below stays as it is, and what is put on it is "float32"')
        return model.with_head(quantize(model.head, variant))
    if variant == "int8":
        return to_int8(model, checked(calibration))
    return _convert(model, variant, ())


def to_int8(model: Any, calibration: Iterable[Image]) -> bytes:
    """As `quantize(model, "int8", …)`, for networks that do not see scenes: the calibration is not judged."""
    return _convert(model, "int8", calibration)


def _convert(model: Any, variant: Variant, calibration: Iterable[Image]) -> bytes:
    fixed = _for_one_picture(model)
    converter = _converter(variant)(fixed)
    if variant == "int8":
        converter.representative_dataset = _representative(fixed.inputs[0].shape, calibration)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), quiet():
        try:
            blob: bytes = converter.convert()
        except Exception as error:  # noqa: BLE001 - TensorFlow names no common ancestor of what it raises here
            failure = f"{variant}: TensorFlow cannot convert the model ({str(error).strip().splitlines()[-1]})"
            raise ModelError(f"{failure}; build it of layers that TFLite knows") from None
    guards.check_weights(blob, fixed, variant)
    guards.check_input(blob, variant)
    return blob


def _converter(variant: Variant) -> Any:
    """A function from a model to TensorFlow's converter, set up for the variant."""
    import tensorflow as tf  # noqa: PLC0415 - heavy, and only the converter's own environment has it

    def make(model: Any) -> Any:
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if variant == "float32":
            return converter
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        # tflite-runtime 2.14 on ARM crashes on dense layers that are quantized per channel, and on x86 refuses them.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
        if variant == "float16":
            converter.target_spec.supported_types = [tf.float16]
        elif variant == "int8":
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.uint8
            converter.inference_output_type = tf.float32
        return converter

    return make


def _representative(shape: tuple[int, ...], calibration: Iterable[Image]) -> Any:
    def pictures() -> Iterator[list[npt.NDArray[np.float32]]]:
        for level in (0, 255):  # the whole range, or bright pixels would be clipped
            yield [np.full(shape, level, np.float32)]
        for picture in calibration:
            yield [picture[np.newaxis].astype(np.float32)]

    return pictures


def _for_one_picture(model: Any) -> Any:
    """The model with batch 1: TFLite's kernels are planned once, for a shape that is known."""
    if model.inputs[0].shape[0] == 1:
        return model
    import keras  # noqa: PLC0415 - only the converter's own environment has it

    image = keras.Input(model.inputs[0].shape[1:], batch_size=1, name="image")
    return keras.Model(image, model(image))
