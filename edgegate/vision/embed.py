"""Face embeddings: an aligned chip in, a vector of length 1 out."""

from __future__ import annotations

import math

import cv2
import numpy as np

from edgegate.types import Embedding, Image
from edgegate.vision.align import TEMPLATES
from edgegate.vision.packs import Pack
from edgegate.vision.tflite import Model


class Embedder:
    """Averages a chip and its mirror image, which costs a second invocation and halves the misses of the first."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._reversed = model.pack.input.colour == "bgr"
        self.template = TEMPLATES[model.pack.input.template]
        """The alignment of its chips."""

    @property
    def pack(self) -> Pack:
        """Embeddings of another pack cannot be compared with this one's."""
        return self._model.pack

    def embed(self, chip: Image) -> Embedding:
        """An RGB chip of the template's size to float32 (n,) of length 1, n being the network's.

        The chip and its mirror image give the same.
        """
        if self._reversed:
            chip = np.ascontiguousarray(chip[..., ::-1])
        mirrored = np.asarray(cv2.flip(chip, 1), np.uint8)
        return unit(self._model.run(chip)["embedding"][0] + self._model.run(mirrored)["embedding"][0])


def unit(vector: Embedding) -> Embedding:
    """The vector at length 1."""
    return vector * np.float32(1 / math.sqrt(float(vector @ vector)))
