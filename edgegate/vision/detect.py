"""Face detection: BlazeFace, full range, decoded from its 48x48 grid of guesses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from operator import mul
from typing import NamedTuple, Protocol

import numpy as np

from edgegate.types import Box, Image
from edgegate.vision.faces import Face
from edgegate.vision.packs import refused
from edgegate.vision.preprocess import Similarity, letterbox
from edgegate.vision.tflite import Model, sigmoid

GRID = 48
MIN_SCORE = 0.5
MERGE_IOU = 0.3
"""MediaPipe's: guesses that overlap more are taken for the same face."""


class DetectorCell(NamedTuple):
    """The answer of one cell: a score, and as x + iy the two corners of a box and four keypoints."""

    score: float
    points: list[complex]


class Detector(Protocol):
    def detect(self, image: Image) -> tuple[Face, ...]:
        """Faces of a BGR picture, largest first, in its pixels."""
        ...


class BlazeFace:
    """Raises ModelError if the model's grid is not the full-range one."""

    def __init__(self, model: Model, *, min_score: float = MIN_SCORE) -> None:
        self._model = model
        self._size = model.pack.input.width
        self._min_logit = math.log(min_score / (1 - min_score))
        self._cells = cells(self._size)
        if model.pack.outputs["boxes"] != (1, len(self._cells), 16):
            raise refused(model.pack.folder, "it is not a full-range BlazeFace", "use face-detector")

    def detect(self, image: Image) -> tuple[Face, ...]:
        canvas, to_canvas = letterbox(image, self._size)
        outputs = self._model.run(canvas)
        logits = outputs["scores"].ravel()
        likely = (logits > self._min_logit).nonzero()[0]
        rows = outputs["boxes"][0, likely].view(np.complex64).tolist()
        found = zip(logits[likely].tolist(), rows, likely.tolist(), strict=True)
        guesses = [DetectorCell(sigmoid(logit), decode(row, self._cells[cell])) for logit, row, cell in found]
        to_picture = to_canvas.inverse()
        return largest_first(_face(guess, to_picture) for guess in merge(guesses))


def cells(size: int) -> list[complex]:
    """The centres of the 48x48 cells in pixels of the model's input, row by row."""
    centres = [(index + 0.5) * size / GRID for index in range(GRID)]
    return [complex(x, y) for y in centres for x in centres]


def decode(row: list[complex], cell: complex) -> list[complex]:
    """One cell's output to two corners of the box and four keypoints, in pixels of the model's input.

    A row is centre, size and six keypoints, relative to the cell; the last two are ears, and too rough to be used.
    """
    centre, half = row[0] + cell, row[1] / 2
    return [centre - half, centre + half, *(point + cell for point in row[2:6])]


def merge(guesses: list[DetectorCell]) -> Iterator[DetectorCell]:
    """Weighted non-maximum suppression: each group of overlapping guesses as its mean, weighted by score."""
    rest = sorted(guesses, key=lambda guess: guess.score, reverse=True)
    while rest:
        best, others = rest[0], rest[1:]
        same, rest = [best], []
        for guess in others:
            (same if overlap(best, guess) > MERGE_IOU else rest).append(guess)
        total = sum(guess.score for guess in same)
        columns = zip(*(guess.points for guess in same), strict=True)
        weights = [guess.score / total for guess in same]
        yield DetectorCell(best.score, [sum(map(mul, column, weights)) for column in columns])


def overlap(one: DetectorCell, other: DetectorCell) -> float:
    """Intersection over union of their boxes."""
    return _box(one.points).iou(_box(other.points))


def largest_first(faces: Iterator[Face]) -> tuple[Face, ...]:
    return tuple(sorted(faces, key=lambda face: face.box.area, reverse=True))


def _box(points: list[complex]) -> Box:
    low, high = points[:2]
    return Box(low.real, low.imag, high.real, high.imag)


def _face(guess: DetectorCell, to_picture: Similarity) -> Face:
    points = [to_picture(point) for point in guess.points]
    keypoints = np.array([(point.real, point.imag) for point in points[2:]], np.float32)
    return Face(_box(points), guess.score, keypoints)
