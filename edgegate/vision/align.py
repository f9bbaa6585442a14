"""Turns a face upright into the chip that the embedder was trained on."""

from __future__ import annotations

from functools import cache

import numpy as np

from edgegate.types import Image, Points
from edgegate.vision.preprocess import fit, warp_rgb

CHIP_SIZE = 150

ALIGNMENT_POINTS = (33, 133, 362, 263, 2)
"""Of the face mesh: image-left eye outer and inner corner, image-right eye inner and outer corner, nose base."""

TEMPLATE = np.array(((37.06, 46.37), (58.41, 47.91), (89.61, 47.90), (110.96, 46.35), (74.01, 87.78)), np.float32)
"""Where dlib's `get_face_chip` (150 px, padding 0.25) puts these five points."""

ZOOM = 1.05
"""How much larger than dlib's the face stands in the chip: chosen on people of lfw-dev, see docs/recognition.md."""


def align(image: Image, points: Points, zoom: float = ZOOM) -> Image:
    """The (150, 150, 3) RGB chip of a BGR picture; `points` are five, (5, 2), in the order of ALIGNMENT_POINTS."""
    return warp_rgb(image, fit(points, template(zoom)), CHIP_SIZE)


@cache
def template(zoom: float = ZOOM) -> Points:
    """TEMPLATE, enlarged from the middle of the chip."""
    middle = np.float32(CHIP_SIZE / 2)
    return (TEMPLATE - middle) * np.float32(zoom) + middle
