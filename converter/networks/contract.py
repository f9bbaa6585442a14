"""One contract made of any network: RGB pixels 0…255 in, class probabilities and a box as shares of the picture out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from converter.networks.forms import UNITS, BoxForm, BoxUnit, Channels, Pixels, Scores, corners, probabilities, scaled
from converter.networks.interface import Network
from converter.tflite.answers import Answers, Floats
from edgegate.types import Image

_BATCH = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """The meaning of a network's pixels and outputs. Outputs are meant by their index."""

    class_output: int
    box_output: int | None
    scores: Scores
    order: tuple[int, ...]
    """The index of each class of the pack among the network's; -1 where the network has none."""
    pixels: Pixels = "0..255"
    channels: Channels = "rgb"
    box: BoxForm = "xyxy"
    box_unit: BoxUnit = "share"

    @property
    def task(self) -> Literal["tracker", "classifier"]:
        return "classifier" if self.box_output is None else "tracker"


def contract(network: Network, reading: Reading) -> Any:
    """A keras.Model from `image` to a dict of outputs as edgegate's own designs have it; adapters are in it."""
    import keras  # noqa: PLC0415 - heavy

    image = keras.Input((network.height, network.width, 3), name="image")
    outputs = network(scaled(image, reading.pixels, reading.channels))
    return keras.Model(image, _named(outputs, reading, network), name="network")


def raw_outputs(network: Network, pictures: Image, pixels: Pixels, channels: Channels) -> list[Floats]:
    """The network's own outputs for RGB pictures (n, height, width, 3), whole numbers 0…255."""
    parts = []
    for start in range(0, len(pictures), _BATCH):
        batch = pictures[start : start + _BATCH].astype(np.float32)
        parts.append([np.asarray(one) for one in network(scaled(batch, pixels, channels))])
    return [np.concatenate(rows) for rows in zip(*parts, strict=True)]


def answers_of(outputs: Sequence[Floats], reading: Reading, network: Network) -> Answers:
    """The network's own outputs in edgegate's form."""
    return Answers.of({name: np.asarray(value) for name, value in _named(outputs, reading, network).items()})


def _named(outputs: Sequence[Any], reading: Reading, network: Network) -> dict[str, Any]:
    scores = probabilities(outputs[reading.class_output], reading.scores, reading.order)
    if reading.box_output is None:
        return {"class_probs": scores}
    boxes = corners(outputs[reading.box_output], reading.box, reading.box_unit, network.width, network.height)
    return {"class": scores, "box": boxes}


def lines(network: Network, reading: Reading) -> Iterator[str]:
    """The reading in words, for a card; nothing of how it was found."""
    yield f"pixels {reading.pixels}, {reading.channels}, {network.width}x{network.height}"
    yield f"class = {network.outputs[reading.class_output].name}, {reading.scores}"
    if reading.box_output is not None:
        yield f"box = {network.outputs[reading.box_output].name}, {reading.box} in {UNITS[reading.box_unit]}"
