"""Judges whether a face is seen well enough to say who it is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edgegate.types import Box, Fault, Image, Points, Quality
from edgegate.vision.landmarks import Mesh

DETAIL_SIZE = 50
"""Side in pixels of the reduced chip that sharpness is measured on: about what the smallest usable face has."""

LEFT_CHEEK, RIGHT_CHEEK, NOSE_TIP = 234, 454, 1
LEFT_EYE_OUTER, RIGHT_EYE_OUTER = 33, 263


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """What a face must reach. Chosen on LFW, NUAA and the fixed-camera clips: see docs of each."""

    min_size: float = 40.0
    """Shorter side of the box, pixels: below it the embedding drifts towards other people's."""
    min_sharpness: float = 0.05
    """See `sharpness`: a chip blurred to less is no longer close to its sharp self."""
    min_brightness: float = 35.0
    max_brightness: float = 225.0
    """Mean grey level of the chip, 0…255."""
    max_yaw: float = 0.7
    """See `yaw`: beyond it one eye begins to hide behind the nose."""
    max_outside: float = 0.05
    """Share of the mesh that may lie beyond the picture's edge."""
    min_presence: float = 0.5
    """The mesh's own belief that it lies on a face."""


def assess(image: Image, box: Box, mesh: Mesh, chip: Image, limits: QualityLimits) -> Quality:
    """Measure a face of a BGR picture; `chip` is its aligned RGB chip."""
    grey = cv2.cvtColor(
        cv2.resize(chip, (DETAIL_SIZE, DETAIL_SIZE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY
    )
    size = min(box.width, box.height)
    detail, brightness, turn = sharpness(grey), cv2.mean(grey)[0], yaw(mesh.points)
    checks = (
        (Fault.NO_FACE, mesh.presence < limits.min_presence),
        (Fault.TOO_SMALL, size < limits.min_size),
        (Fault.CUT_OFF, outside(image, mesh.points) > limits.max_outside),
        (Fault.DARK, brightness < limits.min_brightness),
        (Fault.OVEREXPOSED, brightness > limits.max_brightness),
        (Fault.BLURRED, detail < limits.min_sharpness),
        (Fault.POSE, abs(turn) > limits.max_yaw),
    )
    faults = tuple(fault for fault, failed in checks if failed)
    return Quality(size, detail, brightness, turn, 0.0 if faults else weight(size, detail, turn), faults)


def sharpness(grey: Image) -> float:
    """Variance of the Laplacian of a (50, 50) grey chip over the variance of the chip itself, about 0…1.

    The division makes it a matter of detail and not of light: a dark sharp face is as sharp as a bright one.
    """
    detail = cv2.Laplacian(grey, cv2.CV_32F)
    return _variance(detail) / max(_variance(grey), 1.0)


def yaw(points: Points) -> float:
    """How far the nose is from the middle between the cheeks, along the eyes: 0 frontal, about ±1 a profile."""
    axis = points[RIGHT_EYE_OUTER] - points[LEFT_EYE_OUTER]
    left = float((points[NOSE_TIP] - points[LEFT_CHEEK]) @ axis)
    right = float((points[RIGHT_CHEEK] - points[NOSE_TIP]) @ axis)
    return (left - right) / max(abs(left) + abs(right), 1e-6)


def outside(image: Image, points: Points) -> float:
    """The share of points beyond the picture's edge."""
    height, width = image.shape[:2]
    inside = (points >= 0) & (points < (width, height))
    return 1 - float(np.count_nonzero(inside.all(axis=1))) / len(points)


def weight(size: float, detail: float, turn: float) -> float:
    """What a usable frame counts in a pooled embedding, 0…1: less for a small, soft or turned face."""
    return min(1.0, size / 80) * min(1.0, 0.25 + detail) * (1 - 0.5 * min(1.0, abs(turn)))


def _variance(values: object) -> float:
    _, deviation = cv2.meanStdDev(values)  # type: ignore[call-overload]
    return float(deviation[0, 0]) ** 2
