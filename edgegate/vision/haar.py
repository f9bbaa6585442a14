"""OpenCV's Haar cascade as a face detector: slower and weaker than BlazeFace, and free of any model file."""

from __future__ import annotations

from pathlib import Path

import cv2

from edgegate.errors import ModelError
from edgegate.types import Box, Image
from edgegate.vision.detect import largest_first
from edgegate.vision.faces import Face
from edgegate.vision.landmarks import Landmarker

CASCADE = "haarcascade_frontalface_default.xml"
MIN_SIZE = 40
MIN_PRESENCE = 0.5


class HaarDetector:
    """A cascade gives boxes only, so the mesh finds the keypoints, and drops the boxes that hold no face."""

    def __init__(self, landmarker: Landmarker, *, min_size: int = MIN_SIZE) -> None:
        file = Path(cv2.__file__).parent / "data" / CASCADE
        self._cascade = cv2.CascadeClassifier(str(file))
        if self._cascade.empty():
            raise ModelError(
                f"OpenCV {cv2.__version__} ships no {CASCADE}; install opencv-python-headless<5, "
                'or set [recognition] detector = "blazeface"'
            )
        self._landmarker = landmarker
        self._min_size = min_size

    def detect(self, image: Image) -> tuple[Face, ...]:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        minimum = (self._min_size, self._min_size)
        boxes = self._cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=4, minSize=minimum)
        faces = (self._face(image, Box(x, y, x + w, y + h)) for x, y, w, h in map(_floats, boxes))
        return largest_first(face for face in faces if face.score >= MIN_PRESENCE)

    def _face(self, image: Image, box: Box) -> Face:
        mesh = self._landmarker.locate(image, box)
        return Face(box, mesh.presence, mesh.keypoints)


def _floats(box: object) -> tuple[float, float, float, float]:
    x, y, width, height = map(float, box)  # type: ignore[call-overload]
    return x, y, width, height
