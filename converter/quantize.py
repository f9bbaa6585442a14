"""Keras to TFLite: full int8 inside, raw pixels in, floats out."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from edgegate.errors import ModelError


def to_int8(model: Any, calibration: Iterable[npt.NDArray[np.uint8]]) -> bytes:
    """A .tflite with uint8 input (level = pixel, scale 1, zero point 0) and float32 outputs under their names.

    `model` is a keras.Model with one input of batch 1 and pixels 0…255, and a dict of outputs; `calibration`
    yields uint8 pictures (height, width, 3). Raises ModelError if the converter cannot keep the pixels as they
    are, or silently drops the weights.
    """
    import tensorflow as tf  # noqa: PLC0415 - heavy, and only the converter's own environment has it

    def representative() -> Iterator[list[npt.NDArray[np.float32]]]:
        shape = (1, *model.inputs[0].shape[1:])
        for level in (0, 255):  # the whole range, or bright pixels would be clipped
            yield [np.full(shape, level, np.float32)]
        for picture in calibration:
            yield [picture[np.newaxis].astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.float32
    # tflite-runtime 2.14 on ARM crashes on dense layers that are quantized per channel.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True  # noqa: SLF001
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        blob: bytes = converter.convert()
    _check(blob, parameters=model.count_params())
    return blob


def _check(blob: bytes, *, parameters: int) -> None:
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - not needed to read this module

    if len(blob) < parameters:
        raise ModelError(f"the TFLite converter lost weights: {len(blob)} bytes for {parameters} parameters")
    details = Interpreter(model_content=blob).get_input_details()[0]
    if details["quantization"] != (1.0, 0):
        raise ModelError(f"the input is quantized by {details['quantization']}, so pixels would not fit")
