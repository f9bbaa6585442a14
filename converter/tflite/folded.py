"""A simple model on an embedder pack, standing in where a keras.Model is asked for answers or for a .tflite."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from converter.tflite.graft import graft
from edgegate.vision.packs import load_pack
from edgegate.vision.tflite import Model

if TYPE_CHECKING:
    from converter.tflite.answers import Floats
    from edgegate.types import Image

BODY = "body"
"""The folder with the pack's files, beside the file of the head."""


class Folded:
    """`head` is a keras.Model from embeddings (batch, numbers) to a dict of outputs."""

    def __init__(self, body: Path, head: Any) -> None:
        self._model = Model(load_pack(body, "embedder"))
        self.head = head
        self.name = f"{head.name} on {self._model.pack.name}"
        self.output = head.output

    @property
    def pixels(self) -> int:
        """The input's, along a side."""
        return self._model.pack.input.width

    def embed(self, pictures: Image) -> Floats:
        """(n, size, size, 3) RGB, whole numbers 0…255, to (n, numbers)."""
        return np.concatenate([self._model.run(np.asarray(one, np.uint8))["embedding"] for one in pictures])

    def predict_on_batch(self, pictures: Image) -> dict[str, Floats]:
        answers: dict[str, Floats] = self.head.predict_on_batch(self.embed(pictures))
        return answers

    def with_head(self, head: bytes) -> bytes:
        """The .tflite of the pack's network, as it is, with the .tflite `head` of this one's head put on it."""
        return graft(self._model.pack.model.read_bytes(), head)


def keep_body(pack: Path, beside: Path) -> None:
    """Copy a pack to where `Folded` of a head in the folder `beside` is looked for."""
    shutil.rmtree(beside / BODY, ignore_errors=True)
    shutil.copytree(pack, beside / BODY)
