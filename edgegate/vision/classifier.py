"""A classifier at the door: whose face the nearest one is, of the few people that it was trained on.

It sees the face alone, cut out or aligned as its card says. Its answer is a prediction, as a tracker's:
`ClassifierPredictions` has the embedder confirm it; `ClassifierAlone` believes it, for a door that says so in its
config.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np

from edgegate.types import Frame, Image
from edgegate.vision.align import TEMPLATES, align
from edgegate.vision.classes import Probabilities, check_card, direction, prediction_of, probable
from edgegate.vision.faces import Face
from edgegate.vision.packs import Pack
from edgegate.vision.preprocess import cut_out, stretch
from edgegate.vision.tflite import Runnable


@runtime_checkable
class AnyClassifier(Protocol):
    """A `ClassifierNetwork`, as far as a door needs it."""

    @property
    def pack(self) -> Pack: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    def classify(self, frame: Frame, face: Face) -> Probabilities: ...


class ClassifierNetwork:
    """Raises ModelError if the card's labels are not the network's classes, "unknown" first."""

    def __init__(self, model: Runnable) -> None:
        self._model = model
        check_card(model.pack, "class_probs")

    @property
    def pack(self) -> Pack:
        return self._model.pack

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes' names: "unknown", then each person's as it was enrolled."""
        return self.pack.labels

    def classify(self, frame: Frame, face: Face) -> Probabilities:
        """Returns whose face it is; one that is to be aligned must have its mesh. Raises ModelError as `probable`."""
        pixels = self._cut(frame.image, face)
        if self.pack.input.colour == "bgr":
            pixels = np.ascontiguousarray(pixels[..., ::-1])
        return probable(self.pack, self._model.run(pixels)["class_probs"][0])

    def _cut(self, image: Image, face: Face) -> Image:
        """The input's size, RGB: exactly as the converter makes its training pictures."""
        spec = self.pack.input
        if spec.margin is not None:
            square = cut_out(image, face.box, max(spec.width, spec.height), spec.margin)
            return stretch(square, spec.width, spec.height)
        assert face.mesh is not None  # the analyzer has judged it
        template = TEMPLATES[spec.template]
        return align(image, template.of_mesh(face.mesh), template)


class FaceDescriber(Protocol):
    """The part of `vision.analyzer` that predictions need."""

    def detect(self, frame: Frame) -> tuple[Face, ...]: ...

    def judge(self, frame: Frame, face: Face) -> Face: ...

    def describe(self, frame: Frame, face: Face) -> Face: ...


class ClassifierPredictions:
    """An analyzer that has the network name whom it describes; `confidence` is what a class must reach.

    Only a face that is good enough for the embedder is shown to it: any other opens no door.
    """

    def __init__(self, analyzer: FaceDescriber, network: AnyClassifier, confidence: float) -> None:
        self._analyzer = analyzer
        self._network = network
        self._enough = confidence

    def detect(self, frame: Frame) -> tuple[Face, ...]:
        return self._analyzer.detect(frame)

    def describe(self, frame: Frame, face: Face) -> Face:
        """The face with its embedding and its claim."""
        described = self._analyzer.describe(frame, face)
        if described.embedding is None:
            return described
        probabilities = self._network.classify(frame, described)
        return replace(described, prediction=prediction_of(self._network.labels, probabilities, self._enough))


class ClassifierAlone:
    """An analyzer without an embedder: the network's probabilities stand for the embedding.

    Faces are found and judged as ever, so that somebody who is nobody to the network is seen, and refused.
    """

    def __init__(self, analyzer: FaceDescriber, network: AnyClassifier) -> None:
        self._analyzer = analyzer
        self._network = network

    def detect(self, frame: Frame) -> tuple[Face, ...]:
        return self._analyzer.detect(frame)

    def describe(self, frame: Frame, face: Face) -> Face:
        judged = self._analyzer.judge(frame, face)
        if judged.quality is None or not judged.quality.usable:
            return judged
        return replace(judged, embedding=direction(self._network.classify(frame, judged)))
