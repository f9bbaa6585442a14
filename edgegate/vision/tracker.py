"""The tracker network at the door: one look at the whole frame says who is there and where, as far as its classes go.

Its answer is a prediction. `TrackerPredictions` puts it on the one face that it can be about, for the embedder to
confirm; `TrackerAlone` believes it, which is for a door that says so in its config: a stranger must be taken for one of
the classes too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgegate.types import UNKNOWN_CLASS, Box, Frame, Points, Prediction
from edgegate.vision.classes import Probabilities, check_card, direction, probable
from edgegate.vision.faces import Face
from edgegate.vision.packs import Pack
from edgegate.vision.preprocess import stretch
from edgegate.vision.tflite import Runnable

ENLARGED = 1.5
"""A claim is about the face whose middle is in the network's box, grown to this many times its size."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackerOutput:
    """One frame's answer. `box` is in pixels of the frame; None where the network's corners enclose nothing."""

    probabilities: Probabilities
    box: Box | None

    @property
    def index(self) -> int:
        """The likeliest class."""
        return int(np.argmax(self.probabilities))

    @property
    def confidence(self) -> float:
        """The likeliest class's probability, 0…1."""
        return float(self.probabilities[self.index])


class AnyTracker(Protocol):
    """A `TrackerNetwork`, as far as a door needs it."""

    @property
    def pack(self) -> Pack: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    def look(self, frame: Frame) -> TrackerOutput: ...


class TrackerNetwork:
    """Raises ModelError if the card's labels are not the network's classes, "unknown" first."""

    def __init__(self, model: Runnable) -> None:
        self._model = model
        pack = model.pack
        faults = {
            f"its box has shape {pack.outputs['box']}, not (1, 4)": pack.outputs["box"] != (1, 4),
            "its input is not RGB": pack.input.colour != "rgb",
        }
        check_card(pack, "class", faults)

    @property
    def pack(self) -> Pack:
        return self._model.pack

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes' names: "unknown", then each person's as it was enrolled."""
        return self.pack.labels

    def look(self, frame: Frame) -> TrackerOutput:
        """Returns who is in the frame, and where; raises ModelError if the network's answer is no probability."""
        image = frame.image if frame.preview is None else frame.preview
        outputs = self._model.run(stretch(image, self.pack.input.width, self.pack.input.height))
        return TrackerOutput(probable(self.pack, outputs["class"][0]), _box(outputs["box"][0], frame))


class FrameDescriber(Protocol):
    """The part of `vision.analyzer` that predictions need."""

    def detect(self, frame: Frame) -> tuple[Face, ...]: ...

    def describe(self, frame: Frame, face: Face) -> Face: ...


class TrackerPredictions:
    """An analyzer whose faces carry what the network claims of them; `confidence` is what a class must reach.

    The detector still looks at the whole frame. It costs the same as a look into the box, and somebody who stands in
    front of the one who is named is not overlooked.
    """

    def __init__(self, analyzer: FrameDescriber, network: AnyTracker, confidence: float) -> None:
        self._analyzer = analyzer
        self._network = network
        self._enough = confidence

    def detect(self, frame: Frame) -> tuple[Face, ...]:
        """Faces, largest first, each with its claim: a name for the only face in the network's box, if it is sure."""
        faces = self._analyzer.detect(frame)
        if not faces:  # nobody to be named
            return ()
        guess = self._network.look(frame)
        nameless = Prediction(None, guess.confidence)
        named = self._named(guess, faces)
        prediction = replace(nameless, name=self._network.labels[guess.index])
        return tuple(replace(face, prediction=prediction if face is named else nameless) for face in faces)

    def describe(self, frame: Frame, face: Face) -> Face:
        return self._analyzer.describe(frame, face)

    def _named(self, guess: TrackerOutput, faces: tuple[Face, ...]) -> Face | None:
        """The face that the guess is about; None where it names nobody, or where that is not exactly one face."""
        if guess.index == UNKNOWN_CLASS or not guess.confidence >= self._enough or guess.box is None:
            return None
        room = enlarged(guess.box)
        inside = [face for face in faces if _holds(room, face.box.center)]
        return inside[0] if len(inside) == 1 else None


class TrackerAlone:
    """An analyzer that has the network only: its box is the face, and its probabilities stand for an embedding.

    A face whose box is less than `min_size` pixels wide or high says nothing about who it is.
    """

    def __init__(self, network: AnyTracker, min_size: float) -> None:
        self._network = network
        self._min_size = min_size

    def detect(self, frame: Frame) -> tuple[Face, ...]:
        """The one face the network sees; none in class 0, which may be nobody or a stranger."""
        guess = self._network.look(frame)
        if guess.index == UNKNOWN_CLASS or guess.box is None:
            return ()
        keypoints: Points = np.empty((0, 2), np.float32)  # this network has none
        large_enough = min(guess.box.width, guess.box.height) >= self._min_size
        looks = direction(guess.probabilities) if large_enough else None
        return (Face(guess.box, guess.confidence, keypoints, embedding=looks),)

    def describe(self, _frame: Frame, face: Face) -> Face:
        return face


def enlarged(box: Box) -> Box:
    """The same middle, ENLARGED times the size."""
    (x, y), width, height = box.center, box.width * ENLARGED / 2, box.height * ENLARGED / 2
    return Box(x - width, y - height, x + width, y + height)


def _holds(box: Box, point: tuple[float, float]) -> bool:
    return box.x1 <= point[0] <= box.x2 and box.y1 <= point[1] <= box.y2


def _box(corners: npt.NDArray[np.float32], frame: Frame) -> Box | None:
    """The network's x1, y1, x2, y2, 0…1 of the frame, in its pixels."""
    x1, y1, x2, y2 = corners.tolist()
    if not (x1 < x2 and y1 < y2):
        return None
    height, width = frame.image.shape[:2]
    return Box(x1 * width, y1 * height, x2 * width, y2 * height)
