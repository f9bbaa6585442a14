"""Judges whether a face is seen well enough to say who it is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgegate.types import Box, Image, Points
from edgegate.vision.faces import FaceFault, Quality
from edgegate.vision.landmarks import Mesh

Grey = npt.NDArray[np.uint8]

DETAIL_SIZE = 50
"""Side in pixels of the reduced chip that sharpness is measured on: about what the smallest usable face has."""

LEFT_CHEEK, RIGHT_CHEEK, NOSE_TIP = 234, 454, 1
LEFT_EYE_OUTER, RIGHT_EYE_OUTER = 33, 263


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """The limits that a face must reach.

    Each limit is where the embedding begins to drift from that of the same face seen well: measured on LFW and
    NUAA photos made worse step by step, and set so that the faces of the fixed-camera clips pass.
    """

    min_size: float = 40.0
    """Shorter side of the box, pixels."""
    min_sharpness: float = 0.08
    """See `sharpness`. A chip blurred down to it has a cosine of 0.98 with its sharp self; at half of it, 0.96."""
    min_brightness: float = 25.0
    """Mean grey level of the chip, 0…255. At it the cosine with the well-lit face is 0.99; at 10, 0.94."""
    max_brightness: float = 200.0
    """Clipped highlights harm sooner than shadows: 0.97 below it, 0.95 above."""
    max_yaw: float = 0.8
    """See `yaw`. The mesh keeps the alignment steady up to about here."""
    max_outside: float = 0.05
    """Share of the mesh that may lie beyond the picture's edge."""
    min_presence: float = 0.5
    """The mesh's own belief that it lies on a face."""


def assess(image: Image, box: Box, mesh: Mesh, chip: Image, limits: QualityLimits) -> Quality:
    """Measure a face of a BGR picture; `chip` is its aligned RGB chip."""
    grey = detail_view(chip)
    size = min(box.width, box.height)
    detail, brightness, turn = sharpness(grey), cv2.mean(grey)[0], yaw(mesh.points)
    checks = (
        (FaceFault.NO_FACE, mesh.presence < limits.min_presence),
        (FaceFault.TOO_SMALL, size < limits.min_size),
        (FaceFault.CUT_OFF, outside(image, mesh.points) > limits.max_outside),
        (FaceFault.DARK, brightness < limits.min_brightness),
        (FaceFault.OVEREXPOSED, brightness > limits.max_brightness),
        (FaceFault.BLURRED, detail < limits.min_sharpness),
        (FaceFault.POSE, abs(turn) > limits.max_yaw),
    )
    faults = tuple(fault for fault, failed in checks if failed)
    return Quality(size, detail, brightness, turn, 0.0 if faults else weight(size, detail, turn), faults)


def detail_view(chip: Image) -> Grey:
    """The (50, 50) grey levels of an RGB chip."""
    grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (DETAIL_SIZE, DETAIL_SIZE), interpolation=cv2.INTER_AREA), np.uint8)


def sharpness(grey: Grey) -> float:
    """Variance of the Laplacian of a (50, 50) grey chip over the variance of the chip itself, about 0…1.

    The division makes it a matter of detail and not of light: a dark sharp face is as sharp as a bright one.
    """
    detail = cv2.Laplacian(grey, cv2.CV_32F)
    return _variance(detail) / max(_variance(grey), 1.0)


def yaw(points: Points) -> float:
    """Returns how far the nose is from the middle between the cheeks, along the eyes: 0 frontal, about ±1 a profile."""
    wanted = (LEFT_EYE_OUTER, RIGHT_EYE_OUTER, LEFT_CHEEK, NOSE_TIP, RIGHT_CHEEK)
    left_eye, right_eye, left_cheek, nose, right_cheek = (complex(*points[index].tolist()) for index in wanted)
    level = (right_eye - left_eye).conjugate()
    left, right = ((nose - left_cheek) * level).real, ((right_cheek - nose) * level).real
    return (left - right) / max(abs(left) + abs(right), 1e-6)


def outside(image: Image, points: Points) -> float:
    """The share of points beyond the picture's edge."""
    height, width = image.shape[:2]
    inside = cv2.inRange(points.reshape(-1, 1, 2), (0, 0), (width, height))
    return 1 - cv2.countNonZero(inside) / len(points)


def weight(size: float, detail: float, turn: float) -> float:
    """Returns what a usable frame counts in a pooled embedding, 0…1: less for a small, soft or turned face."""
    return min(1.0, size / 80) * min(1.0, detail / 0.2) * (1 - 0.3 * min(1.0, abs(turn)))


def _variance(values: object) -> float:
    _, deviation = cv2.meanStdDev(values)  # type: ignore[call-overload]
    return float(deviation[0, 0]) ** 2
