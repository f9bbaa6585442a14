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
        canvas, placement = letterbox(image, self._size)
        outputs = self._model.run(canvas)
        logits = outputs["scores"][0, :, 0]
        likely = np.flatnonzero(logits > self._min_logit)
        if not likely.size:
            return ()
        points = placement.to_picture(decode(outputs["boxes"][0, likely], self._anchors[likely]))
        scores = (1 / (1 + np.exp(-np.minimum(logits[likely], 80)))).astype(np.float32)
        return largest_first(_face(merged, score) for merged, score in merge(points, scores))


def anchors(size: int) -> Floats:
    """(2304, 2): the centres of the 48x48 cells in pixels of the model's input, row by row."""
    centres = (np.arange(48, dtype=np.float32) + 0.5) * (size / 48)
    x, y = np.meshgrid(centres, centres)
    return np.stack((x.ravel(), y.ravel()), axis=1)


def decode(raw: Floats, cells: Floats) -> Floats:
    """(n, 16) offsets from their cells (n, 2) to (n, 8, 2) points: two corners of the box, then six keypoints.

    A row of `raw` is centre, width and height, and keypoints, all in pixels of the model's input.
    """
    points = raw.reshape(-1, 8, 2).copy()
    half = points[:, 1] / 2
    points[:, 2:] += cells[:, np.newaxis]
    centre = points[:, 0] + cells
    points[:, 0], points[:, 1] = centre - half, centre + half
    return points


def merge(points: Floats, scores: Floats) -> Iterator[tuple[Floats, float]]:
    """Weighted non-maximum suppression: each group of overlapping guesses as its mean, weighted by score."""
    order = np.argsort(-scores)
    points, scores = points[order], scores[order]
    while scores.size:
        same = _iou_with_first(points) > MERGE_IOU
        same[0] = True  # even if its box is empty
        weights = scores[same]
        yield np.tensordot(weights / weights.sum(), points[same], 1), float(weights[0])
        points, scores = points[~same], scores[~same]


def largest_first(faces: Iterator[Face]) -> tuple[Face, ...]:
    return tuple(sorted(faces, key=lambda face: face.box.area, reverse=True))


def _iou_with_first(points: Floats) -> Floats:
    low, high = points[:, 0], points[:, 1]
    shared = np.maximum(np.minimum(high, high[0]) - np.maximum(low, low[0]), 0).prod(axis=1)
    area = np.maximum(high - low, 0).prod(axis=1)
    overlap: Floats = shared / np.maximum(area + area[0] - shared, np.float32(1e-9))
    return overlap


def _face(points: Floats, score: float) -> Face:
    (x1, y1), (x2, y2) = points[:2].tolist()
    return Face(Box(x1, y1, x2, y2), score, keypoints=points[2:6].astype(np.float32))
