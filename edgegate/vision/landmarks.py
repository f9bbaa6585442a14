"""Face landmarks: the MediaPipe face mesh on an upright patch around a detected face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegate.types import Box, Image, Points
from edgegate.vision.preprocess import Similarity, warp_rgb
from edgegate.vision.tflite import Model, sigmoid

PATCH_MARGIN = 1.5
"""The patch's side over the box's longer side, as MediaPipe's face landmark graph has it."""

NOSE_TIP, MOUTH = 1, (13, 14)
LEFT_EYE, RIGHT_EYE = (33, 133), (362, 263)
"""Mesh points of the eyes' corners; left and right are the picture's."""


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """468 points in pixels of the picture, (468, 2), and the model's belief, 0…1, that they lie on a face."""

    points: Points
    presence: float

    @property
    def keypoints(self) -> Points:
        """Image-left eye, image-right eye, nose tip, mouth: what a detector gives, only finer."""
        means = (self.points[list(group)].mean(axis=0) for group in (LEFT_EYE, RIGHT_EYE, (NOSE_TIP,), MOUTH))
        return np.stack(tuple(means))


class Landmarker:
    def __init__(self, model: Model) -> None:
        self._model = model
        self._size = model.pack.input.width

    def locate(self, image: Image, box: Box, keypoints: Points | None = None) -> Mesh:
        """The mesh of the face in `box` of a BGR picture, turned upright by its eyes if they are known."""
        to_patch = upright(box, keypoints, self._size)
        outputs = self._model.run(warp_rgb(image, to_patch, self._size))
        in_patch = outputs["landmarks"].reshape(-1, 3)[:, :2]
        return Mesh(to_patch.inverse().apply(in_patch), sigmoid(float(outputs["presence"].item())))


def upright(box: Box, keypoints: Points | None, size: int) -> Similarity:
    """Picture to patch: the box's centre in the middle, the eyes level, PATCH_MARGIN around."""
    eyes = complex(1, 0)
    if keypoints is not None:
        (left_x, left_y), (right_x, right_y) = keypoints[:2].tolist()
        eyes = complex(right_x - left_x, right_y - left_y)
    turn = eyes.conjugate() / (abs(eyes) or 1) * size / (PATCH_MARGIN * max(box.width, box.height))
    return Similarity(turn, complex(size / 2, size / 2) - turn * complex(*box.center))
