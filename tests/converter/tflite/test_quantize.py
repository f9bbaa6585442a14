"""Four variants of one network: pixels in, floats out, under their names; and what conversion hides is found."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converter.data.dataset import load_dataset
from converter.tflite import guards, runtime
from converter.tflite.answers import of_keras
from converter.tflite.calibration import from_training
from converter.tflite.quantize import quantize
from converter.tflite.variants import VARIANTS, Variant
from edgegate.errors import ModelError
from edgegate.types import Image
from tests.support.converter.tiny_tracker import SIZE, make_model

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def pictures(tiny_data: Path) -> Image:
    return np.stack(from_training(load_dataset(tiny_data), SIZE))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_answers_like_the_model(variant: Variant, tiny_model: Any, pictures: Image) -> None:
    blob = quantize(tiny_model, variant, pictures)
    answers, reference = runtime.run(blob, pictures, 2).answers, of_keras(tiny_model, pictures)
    guards.check_input(blob, variant)
    guards.check_answers(variant, answers, reference)
    within = {"float32": 1e-4, "float16": 5e-3, "dynamic": 0.1, "int8": 0.1}[variant]
    assert np.abs(answers.boxes - reference.boxes).max() < within
    assert (answers.labels == reference.labels).mean() >= 0.98


def test_int8_is_per_channel_in_convolutions_and_per_tensor_in_dense_layers(tiny_model: Any, pictures: Image) -> None:
    from ai_edge_litert import schema_py_generated as schema  # noqa: PLC0415

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(quantize(tiny_model, "int8", pictures), 0))
    graph = model.subgraphs[0]
    scales: dict[int, set[bool]] = {}
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex].builtinCode
        if code in {schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.FULLY_CONNECTED}:
            kernel = graph.tensors[operator.inputs[1]]
            assert kernel.type == schema.TensorType.INT8
            scales.setdefault(code, set()).add(len(kernel.quantization.scale) > 1)
    assert scales == {schema.BuiltinOperator.CONV_2D: {True}, schema.BuiltinOperator.FULLY_CONNECTED: {False}}


@pytest.mark.parametrize(("count", "reason"), [(0, "has 0"), (49, "has 49")])
def test_int8_wants_training_images(count: int, reason: str, tiny_model: Any, pictures: Image) -> None:
    with pytest.raises(ModelError, match=reason):
        quantize(tiny_model, "int8", pictures[:count])


def test_dropped_weights_are_found(tiny_model: Any) -> None:
    """A function that calls the model converts without an error, and without the weights."""
    import tensorflow as tf  # noqa: PLC0415

    call = tf.function(tiny_model)
    concrete = call.get_concrete_function(tf.TensorSpec((1, SIZE, SIZE, 3), tf.float32))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], tiny_model)
    with contextlib.redirect_stdout(io.StringIO()):
        blob = converter.convert()
    with pytest.raises(ModelError, match="float32: the TFLite converter lost weights"):
        guards.check_weights(blob, tiny_model, "float32")


def test_a_clipped_input_is_found(tiny_model: Any, pictures: Image) -> None:
    """Calibrated on dim pictures alone, bright pixels would saturate."""
    import keras  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    image = keras.Input((SIZE, SIZE, 3), batch_size=1, name="image")
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, tiny_model(image)))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([one[np.newaxis].astype(np.float32) / 2] for one in pictures)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    with contextlib.redirect_stdout(io.StringIO()):
        blob = converter.convert()
    with pytest.raises(ModelError, match=r"dim: the input is uint8 quantized by .* bright ones be clipped"):
        guards.check_input(blob, "dim")


def test_outputs_are_found_by_name_whatever_their_order(tiny_data: Path) -> None:
    """`box` comes before `class` in the file, and yet each is what it is called."""
    model = make_model(classes=4, output_names=("box", "class"))  # reversed on purpose: the softmax is called box
    pictures = np.stack(from_training(load_dataset(tiny_data), SIZE))
    swapped = runtime.run(quantize(model, "float32"), pictures, 4).answers
    reference = of_keras(make_model(classes=4), pictures)
    with pytest.raises(ModelError, match="reversed: class holds the other one's values"):
        guards.check_answers("float32", swapped, reference)
    guards.check_answers("float32", swapped, of_keras(model, pictures))


def test_what_tensorflow_cannot_convert_is_one_line() -> None:
    import keras  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    @keras.saving.register_keras_serializable("tests")
    class Spectrum(keras.layers.Layer):
        def call(self, image: Any) -> Any:
            return tf.math.real(tf.signal.fft2d(tf.cast(image[..., 0], tf.complex64)))

    image = keras.Input((SIZE, SIZE, 3), name="image")
    flat = keras.layers.Flatten()(Spectrum()(image))
    outputs = {"class": keras.layers.Dense(2, "softmax")(flat), "box": keras.layers.Dense(4, "sigmoid")(flat)}
    with pytest.raises(ModelError, match="float32: TensorFlow cannot convert the model") as raised:
        quantize(keras.Model(image, outputs), "float32")
    assert "\n" not in str(raised.value)
