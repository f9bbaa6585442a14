"""Networks asked about one photo each: a tracker as it is, a classifier and an embedder about the one face in it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from converter.prediction.answer import PhotoAnswer
from edgegate.enrol import ADVICE, PhotoFaces, find_faces, only_face
from edgegate.errors import EdgegateError
from edgegate.recognition.identification import Identifier
from edgegate.types import UNKNOWN_CLASS, Box, Frame, Image
from edgegate.vision.analyzer import Analyzer
from edgegate.vision.classes import Probabilities, prediction_of
from edgegate.vision.classifier import AnyClassifier
from edgegate.vision.faces import Face, FaceFault
from edgegate.vision.tracker import AnyTracker


class NoAnswer(EdgegateError):  # noqa: N818 - it is no error of the program's
    """A photo that the network cannot be asked about, in words."""


class PhotoNetwork(Protocol):
    """A network that can be asked about photos."""

    def ask(self, image: Image) -> PhotoAnswer:
        """Returns who is in a BGR photo; raises NoAnswer where the photo will not do."""
        ...


class AskedTracker:
    """The whole photo in, as the door's frame; `enough` is what a class must reach."""

    def __init__(self, network: AnyTracker, enough: float) -> None:
        self._network, self._enough = network, enough

    def ask(self, image: Image) -> PhotoAnswer:
        seen = self._network.look(Frame(0.0, 0, image))
        # The box of class 0 means nothing: training asks for none.
        box = None if seen.index == UNKNOWN_CLASS else seen.box
        return _of_classes(self._network.labels, seen.probabilities, self._enough, box)


class AskedClassifier:
    """The one face of the photo, found, judged and cut out as at the door."""

    def __init__(self, analyzer: Analyzer, network: AnyClassifier, enough: float) -> None:
        self._analyzer, self._network, self._enough = analyzer, network, enough

    def ask(self, image: Image) -> PhotoAnswer:
        found = find_faces(self._analyzer, image)
        face = _usable(self._analyzer.judge(found.frame, _only(found)))
        probabilities = self._network.classify(found.frame, face)
        return _of_classes(self._network.labels, probabilities, self._enough, found.in_photo(face.box))


class AskedGallery:
    """The embedding of the one face of the photo, matched with everybody enrolled as one frame at the door is.

    `margin` is how far the best must be ahead of everybody else.
    """

    def __init__(self, analyzer: Analyzer, identifier: Identifier, margin: float) -> None:
        self._analyzer, self._identifier, self._margin = analyzer, identifier, margin

    def ask(self, image: Image) -> PhotoAnswer:
        found = find_faces(self._analyzer, image)
        face = _usable(self._analyzer.describe(found.frame, _only(found)))
        assert face.embedding is not None  # as every usable face that was described
        match = self._identifier.match(face.embedding, 1)
        assert match is not None  # somebody is enrolled
        name, box = self._identifier.name_of(match.person), found.in_photo(face.box)
        named = match.score >= match.threshold and match.margin >= self._margin
        return PhotoAnswer(name, match.score, match.threshold, named, "cosine", box)


def _of_classes(labels: tuple[str, ...], probabilities: Probabilities, enough: float, box: Box | None) -> PhotoAnswer:
    people = UNKNOWN_CLASS + 1
    best = people + int(np.argmax(probabilities[people:]))
    named = prediction_of(labels, probabilities, enough).name is not None
    return PhotoAnswer(labels[best], float(probabilities[best]), enough, named, "probability", box)


def _only(found: PhotoFaces) -> Face:
    face = only_face(found.faces)
    if isinstance(face, FaceFault):
        raise NoAnswer(ADVICE[face])
    return face


def _usable(face: Face) -> Face:
    faults = face.quality.faults if face.quality else (FaceFault.NO_FACE,)
    if faults:
        raise NoAnswer(ADVICE[faults[0]])
    return face
