"""Networks that never learned anything, and whose answers depend on the picture all the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edgegate.types import Image

OPENING = 2.0
"""By how many deviations normalized signals lie above zero, so that most rectifiers are open. A deep network of random
weights that closes half of them is chaotic: rounding grows until int8 answers have nothing to do with the picture."""

SPREAD = 0.25
"""Deviation of the answers' logits over the pictures: they differ, and none saturates. What sets the pictures of an
untrained network apart is small, and spreading it spreads what quantization does to it as well: at 1, quantized
MobileNets made with one runtime are up to 0.1 off on the other, where the daemon allows 0.05."""


def condition(model: Any, pictures: npt.NDArray[np.float32], seed: int) -> None:
    """Draw the kernels again, and let batch normalization hold the statistics of `pictures`, as the model takes them.

    Kernels are drawn at the scale that keeps a signal's variance through rectifiers (He et al., "Delving Deep into
    Rectifiers", 2015); Keras's own halve it in every layer.
    """
    import keras  # noqa: PLC0415 - heavy

    rng = np.random.default_rng(seed)
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
    model(pictures, training=True)


def balance(model: Any, pictures: Image, spread: float = SPREAD) -> None:
    """Gives the logits of an answer that is a dense layer's mean 0 and deviation `spread` over `pictures`."""
    import keras  # noqa: PLC0415

    for last in model.layers:
        if last.name in model.output and isinstance(last, keras.layers.Dense):
            hidden = keras.Model(model.input, last.input).predict(pictures, batch_size=16, verbose=0)
            kernel = np.asarray(last.kernel)
            logits = (hidden @ kernel).reshape(-1, last.units)
            gain = spread / (logits.std(axis=0) + 1e-6)
            last.set_weights([kernel * gain, -logits.mean(axis=0) * gain])
