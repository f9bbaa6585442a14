"""How pictures become a model's input, written once for the daemon and the converter. NumPy and OpenCV only."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgegate.types import Image, Points


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a picture lies in a square canvas: canvas = picture * scale + (dx, dy)."""

    scale: float
    dx: float
    dy: float

    def to_picture(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Canvas pixels, (..., 2), as pixels of the picture."""
        offset = np.array((self.dx, self.dy), np.float32)
        restored: npt.NDArray[np.float32] = (points - offset) * np.float32(1 / self.scale)
        return restored


def letterbox(image: Image, size: int) -> tuple[Image, Letterbox]:
    """A BGR picture fitted into a black (size, size, 3) RGB canvas, its aspect ratio kept."""
    height, width = image.shape[:2]
    scale = size / max(height, width)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size - inner[0]) // 2, (size - inner[1]) // 2
    # Bilinear sampling sees four pixels: much larger pictures are averaged first, or small faces would dissolve.
    shrink = int(1 / (2 * scale))
    if shrink >= 2:
        image = _reduced(image, shrink)
    small = cv2.resize(image, inner, interpolation=cv2.INTER_LINEAR)
    canvas = np.zeros((size, size, 3), np.uint8)
    cv2.cvtColor(small, cv2.COLOR_BGR2RGB, dst=canvas[top : top + inner[1], left : left + inner[0]])
    return canvas, Letterbox(scale, left, top)


def similarity(source: Points, target: Points) -> npt.NDArray[np.float64]:
    """The (2, 3) rotation, uniform scale and shift, without reflection, that takes `source` nearest to `target`.

    Least squares over (n, 2) points, n >= 2: the closed form of Umeyama (1991) in the plane, where a rotation
    with scale is one complex factor.
    """
    from_centre, to_centre = source.mean(axis=0, dtype=np.float64), target.mean(axis=0, dtype=np.float64)
    (sx, sy), (tx, ty) = (source - from_centre).T, (target - to_centre).T
    spread = float(sx @ sx + sy @ sy)
    a, b = float(sx @ tx + sy @ ty) / spread, float(sx @ ty - sy @ tx) / spread
    turn = np.array(((a, -b), (b, a)))
    return np.column_stack((turn, to_centre - turn @ from_centre))


def warp_rgb(image: Image, matrix: npt.NDArray[np.float64], size: int) -> Image:
    """The (size, size, 3) RGB patch of a BGR picture that a picture-to-patch similarity cuts out; outside is black.

    A picture more than twice too large is averaged down first: sampling alone would skip most of its pixels.
    """
    shrink = int(1 / np.hypot(matrix[0, 0], matrix[1, 0]))
    if shrink >= 2:
        reduced = _reduced(image, shrink)
        matrix = matrix * (image.shape[1] / reduced.shape[1], image.shape[0] / reduced.shape[0], 1)
        image = reduced
    patch = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(patch, cv2.COLOR_BGR2RGB), np.uint8)


def _reduced(image: Image, factor: int) -> Image:
    """The picture averaged down by a whole factor."""
    size = max(1, image.shape[1] // factor), max(1, image.shape[0] // factor)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
