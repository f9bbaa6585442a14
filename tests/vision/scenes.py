"""Scenes of a door, made of two portraits."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from converter.compositions.portraits import Portrait, read
from edgegate.types import Frame, Image
from edgegate.vision.align import ALIGNMENT_POINTS, align
from edgegate.vision.detect import BlazeFace
from edgegate.vision.landmarks import Landmarker

Scene = Callable[..., Image]
"""`make_scene`, as a fixture."""


def make_scene(portrait: Portrait, face: int, center: tuple[int, int] = (320, 240)) -> Image:
    """A 640x480 frame, BGR, its face `face` pixels wide (as the detector sees it) and around `center`."""
    image = read(portrait)
    scale = face / portrait.box.width
    matrix = np.array(
        (
            (scale, 0, center[0] - scale * portrait.box.center[0]),
            (0, scale, center[1] - scale * portrait.box.center[1]),
        )
    )
    wall = np.full((480, 640, 3), (120, 125, 118), np.uint8)
    small = cv2.GaussianBlur(image, (0, 0), max(0.01, 0.4 / scale)) if scale < 1 else image
    warped = cv2.warpAffine(small, matrix, (640, 480), dst=wall, borderMode=cv2.BORDER_TRANSPARENT)
    return np.asarray(warped, np.uint8)


def frame(image: Image, at: float = 0.0, preview: Image | None = None) -> Frame:
    return Frame(at, round(at * 30), image, preview)


def chip_of(image: Image, blazeface: BlazeFace, landmarker: Landmarker) -> Image:
    face = blazeface.detect(image)[0]
    mesh = landmarker.locate(image, face.box, face.keypoints)
    return align(image, mesh.points[list(ALIGNMENT_POINTS)])
