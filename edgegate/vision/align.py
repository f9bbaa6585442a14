"""Turns a face upright into the chip that an embedder was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgegate.types import Image, Points
from edgegate.vision.preprocess import fit, warp_rgb

CHIP_SIZE = 150

ALIGNMENT_POINTS = (33, 133, 362, 263, 2)
"""Of the face mesh: image-left eye outer and inner corner, image-right eye inner and outer corner, nose base."""

TEMPLATE = np.array(((37.06, 46.37), (58.41, 47.91), (89.61, 47.90), (110.96, 46.35), (74.01, 87.78)), np.float32)
"""The places where dlib's `get_face_chip` (150 px, padding 0.25) puts these five points."""

ZOOM = 1.05
"""The size of the face in the chip, over dlib's: chosen on people of lfw-dev, see docs/recognition.md."""


@dataclass(frozen=True, slots=True, eq=False)
class AlignmentTemplate:
    """The layout of faces that a family of networks wants, in a chip of `size` by `size` pixels."""

    size: int
    marks: tuple[tuple[int, ...], ...]
    """Each the mean of these points of the face mesh."""
    places: Points
    """The marks as the networks' authors put them, (n, 2)."""
    zoom: float = 1.0
    """The factor by which the face in the chip is larger than theirs."""

    @property
    def enlarged(self) -> Points:
        """The places, enlarged from the middle of the chip."""
        middle = np.float32(self.size / 2)
        return (self.places - middle) * np.float32(self.zoom) + middle

    def of_mesh(self, mesh: Points) -> Points:
        """The marks of a face, (n, 2), from its mesh."""
        return np.stack([mesh[list(mark)].mean(axis=0) for mark in self.marks])


DLIB = AlignmentTemplate(CHIP_SIZE, tuple((point,) for point in ALIGNMENT_POINTS), TEMPLATE, ZOOM)

ARCFACE = AlignmentTemplate(
    112,
    ((33, 133), (362, 263), (1,), (61,), (291,)),
    np.array(
        ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)), "f4"
    ),
)
"""Centres of the image-left and the image-right eye, nose tip, corners of the mouth.

The places are `arcface_dst` of InsightFace's `face_align.py`, which the common 112-pixel networks are trained with.
"""

FACENET = AlignmentTemplate(160, ARCFACE.marks, ARCFACE.places * np.float32(160 / 112), zoom=0.9)
"""The same marks at FaceNet's size, a little further away: its crops hold a margin around the face."""

TEMPLATES: Mapping[str, AlignmentTemplate] = {"dlib-150": DLIB, "arcface-112": ARCFACE, "facenet-160": FACENET}
"""By the name that a pack's card calls them."""


def align(image: Image, points: Points, template: AlignmentTemplate = DLIB) -> Image:
    """The (size, size, 3) RGB chip of a BGR picture; `points` are the template's marks, in its order."""
    return warp_rgb(image, fit(points, template.enlarged), template.size)
