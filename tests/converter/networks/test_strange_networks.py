"""Networks as strangers write them: names in any alphabet, and arithmetic that is no layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.networks.files import read_keras
from converter.networks.interface import Network, network

pytestmark = pytest.mark.train


def opened(file: Path) -> Network:
    return network(str(file), read_keras(file))


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_names_that_tensorflow_cannot_speak_convert_all_the_same(suffix: str, tmp_path: Path) -> None:
    import keras  # noqa: PLC0415
    from keras import layers  # noqa: PLC0415

    from converter.build.unmeasured import portraits  # noqa: PLC0415
    from converter.networks.contract import Reading, contract  # noqa: PLC0415
    from converter.tflite.answers import of_keras  # noqa: PLC0415
    from converter.tflite.quantize import quantize  # noqa: PLC0415
    from converter.tflite.runtime import run  # noqa: PLC0415

    image = keras.Input((32, 32, 3), name="mein Bild")
    features = layers.GlobalAveragePooling2D(name="→")(layers.Conv2D(4, 3, name="Falte 1")(image))
    who = layers.Dense(2, "softmax", name="wer ist das")(features)
    where = layers.Dense(4, "sigmoid", name="Kästchen→箱")(features)
    keras.Model(image, [who, where], name="mein netz ü").save(tmp_path / f"n.{suffix}")
    model = contract(opened(tmp_path / f"n.{suffix}"), Reading(0, 1, "probabilities", (0, 1), "0..1"))
    pictures = portraits(32, 32)
    given = run(quantize(model, "float32"), pictures, 2).answers
    np.testing.assert_allclose(given.classes, of_keras(model, pictures).classes, atol=1e-4)


def test_arithmetic_that_scales_is_seen(tmp_path: Path) -> None:
    import keras  # noqa: PLC0415

    from converter.networks.guess import Wanted, guess, varied  # noqa: PLC0415

    image = keras.Input((32, 32, 3))
    features = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(image / 255.0))
    keras.Model(image, keras.layers.Dense(2, "softmax")(features)).save(tmp_path / "network.keras")
    network_ = opened(tmp_path / "network.keras")
    assert guess(network_, Wanted(), None, varied(np.zeros((1, 32, 32, 3), np.uint8))).reading.pixels == "0..255"
