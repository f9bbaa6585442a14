"""The faces of a photo: looked for as in a camera's frame, and where one fills the photo, with a margin around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from edgegate.enrol.pictures import LONGEST_SIDE
from edgegate.types import Box, Frame, Image
from edgegate.vision.faces import Face, FaceFault

_BYSTANDER = 1 / 3  # a second face smaller than this, by box width, is somebody in the background


class FaceFinder(Protocol):
    """The part of an analyzer that finds faces."""

    def detect(self, frame: Frame) -> tuple[Face, ...]: ...


@dataclass(frozen=True, slots=True, eq=False)
class PhotoFaces:
    """A photo as it was looked at, and its faces there, largest first."""

    frame: Frame
    faces: tuple[Face, ...]
    scale: float
    """The size of the photo in the frame, over its own."""
    margin: int
    """The pixels around the photo in the frame."""

    def in_photo(self, box: Box) -> Box:
        """Returns a box of the frame in the photo's own pixels."""
        x1, y1, x2, y2 = ((side - self.margin) / self.scale for side in (box.x1, box.y1, box.x2, box.y2))
        return Box(x1, y1, x2, y2)


def find_faces(finder: FaceFinder, image: Image) -> PhotoFaces:
    """Returns the faces of a BGR photo.

    The detector is made for a door's distances: a face that fills the photo is found once there is a margin.
    """
    scale = min(1.0, LONGEST_SIDE / max(image.shape[:2]))
    if scale < 1:
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    frame = Frame(0.0, 0, image)
    if faces := finder.detect(frame):
        return PhotoFaces(frame, faces, scale, 0)
    margin = max(image.shape[:2]) // 2
    wide = cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    frame = Frame(0.0, 0, np.asarray(wide, np.uint8))
    return PhotoFaces(frame, finder.detect(frame), scale, margin)


def only_face(faces: Sequence[Face]) -> Face | FaceFault:
    """Returns the one face that counts, or what is wrong: there is none, or more than one."""
    if not faces:
        return FaceFault.NO_FACE
    face, *others = faces
    if any(other.box.width >= _BYSTANDER * face.box.width for other in others):
        return FaceFault.SEVERAL_FACES
    return face
