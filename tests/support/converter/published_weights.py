"""Files of weights as keras.applications publishes them, of networks that have learnt nothing: they look like them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgegate.types import Image
from tests.support.converter.untaught import condition

SEED = 11


def published(architecture: str, file: Path, pictures: Image, *, top: bool) -> Any:
    """Write `file` for keras.applications' VGG16 or ResNet50 of the size of `pictures` (n, size, size, 3), which set
    its statistics; and give the network whose weights it holds.
    """
    import keras  # noqa: PLC0415 - only where TensorFlow is installed

    family = {"VGG16": keras.applications.vgg16, "ResNet50": keras.applications.resnet50}[architecture]
    keras.utils.set_random_seed(SEED)
    network = getattr(family, architecture)(include_top=top, weights=None, input_shape=pictures.shape[1:])
    condition(network, family.preprocess_input(pictures.astype(np.float32)), SEED)
    _write(network, file)
    return network


def _write(network: Any, file: Path) -> None:
    """The layout of the published files, which Keras reads and no longer writes: weights by layer, in its order."""
    import h5py  # noqa: PLC0415 - comes with Keras

    with h5py.File(file, "w") as store:
        store.attrs["layer_names"] = [layer.name.encode() for layer in network.layers]
        for layer in network.layers:
            group = store.create_group(layer.name)
            names = [f"{layer.name}/{weight.name}:0" for weight in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, weight in zip(names, layer.weights, strict=True):
                group[name] = np.asarray(weight)
