"""Face detection: BlazeFace, full range, decoded from its 48x48 grid of guesses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgegate.types import Box, Face, Image
from edgegate.vision.packs import refused
from edgegate.vision.preprocess import letterbox
from edgegate.vision.tflite import Model

Floats = npt.NDArray[np.float32]

MIN_SCORE = 0.5
MERGE_IOU = 0.3
"""MediaPipe's: guesses that overlap more are taken for the same face."""


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
        self._anchors = anchors(self._size)
        if model.pack.outputs["boxes"] != (1, len(self._anchors), 16):
            raise refused(model.pack.folder, "it is not a full-range BlazeFace", "use face-detector")

    def detect(self, image: Image) -> tuple[Face, ...]:
        canvas, to_canvas = letterbox(image, self._size)
        outputs = self._model.run(canvas)
        logits = outputs["scores"][0, :, 0]
        likely = np.flatnonzero(logits > self._min_logit)
        if not likely.size:
            return ()
        points = decode(outputs["boxes"][0, likely], self._anchors[likely])
        scores = np.reciprocal(1 + np.exp(-np.minimum(logits[likely], 80)))
        merged = merge(points, scores)
        to_picture = to_canvas.inverse()
        return largest_first(_face(to_picture.apply(points), score) for points, score in merged)


def anchors(size: int) -> Floats:
    """(2304, 2): the centres of the 48x48 cells in pixels of the model's input, row by row."""
    centres = (np.arange(48, dtype=np.float32) + 0.5) * (size / 48)
    x, y = np.meshgrid(centres, centres)
    return np.stack((x.ravel(), y.ravel()), axis=1)


def decode(raw: Floats, cells: Floats) -> Floats:
    """(n, 16) offsets from their cells (n, 2) to (n, 8, 2) points: two corners of the box, then six keypoints.

    A row of `raw` is centre, width and height, and keypoints, all in pixels of the model's input.
    """
    points = raw.reshape(-1, 8, 2) + cells[:, np.newaxis]
    half = raw[:, 2:4] / 2
    points[:, 1] = points[:, 0] + half
    points[:, 0] -= half
    return points


def merge(points: Floats, scores: Floats) -> Iterator[tuple[Floats, float]]:
    """Weighted non-maximum suppression: each group of overlapping guesses as its mean, weighted by score."""
    while scores.size:
        best = int(scores.argmax())
        same = _overlaps(points[:, 0], points[:, 1], best) > MERGE_IOU
        same[best] = True  # even if its box is empty
        weights = scores[same]
        mean = weights @ points[same].reshape(-1, 16) / weights.sum()
        yield mean.reshape(8, 2), float(scores[best])
        points, scores = points[~same], scores[~same]


def largest_first(faces: Iterator[Face]) -> tuple[Face, ...]:
    return tuple(sorted(faces, key=lambda face: face.box.area, reverse=True))


def _overlaps(low: Floats, high: Floats, one: int) -> Floats:
    """Intersection over union of every box with the box `one`."""
    sides = np.maximum(np.minimum(high, high[one]) - np.maximum(low, low[one]), 0)
    shared = sides[:, 0] * sides[:, 1]
    width, height = (high - low).T
    area = width * height
    overlaps: Floats = shared / np.maximum(area + area[one] - shared, np.float32(1e-9))
    return overlaps


def _face(points: Floats, score: float) -> Face:
    (x1, y1), (x2, y2) = points[:2].tolist()
    return Face(Box(x1, y1, x2, y2), score, keypoints=points[2:6])
