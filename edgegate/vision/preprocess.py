"""Preprocessing: pictures to a model's input, written once for daemon and converter. NumPy and OpenCV only."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edgegate.types import Box, Image, Points


@dataclass(frozen=True, slots=True)
class Similarity:
    """A rotation, uniform scale and shift of the plane: z * turn + shift, where a point (x, y) is z = x + iy."""

    turn: complex
    shift: complex

    @property
    def scale(self) -> float:
        return abs(self.turn)

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """(2, 3), as OpenCV wants it."""
        (a, b), (x, y) = (self.turn.real, self.turn.imag), (self.shift.real, self.shift.imag)
        return np.array(((a, -b, x), (b, a, y)))

    def __call__(self, point: complex) -> complex:
        return point * self.turn + self.shift

    def inverse(self) -> Similarity:
        return Similarity(1 / self.turn, -self.shift / self.turn)

    def then(self, following: Similarity) -> Similarity:
        return Similarity(self.turn * following.turn, self.shift * following.turn + following.shift)

    def apply(self, points: Points) -> Points:
        """Points (..., 2) float32, moved."""
        moved = np.ascontiguousarray(points).view(np.complex64) * self.turn + self.shift
        return np.asarray(moved, np.complex64).view(np.float32)


def fit(source: Points, target: Points) -> Similarity:
    """The similarity that takes `source` nearest to `target` by least squares; both (n, 2), n >= 2.

    Umeyama's closed form (1991), which in the plane is a quotient of two sums of complex numbers.
    """
    from_points, to_points = ([complex(x, y) for x, y in points.tolist()] for points in (source, target))
    from_centre, to_centre = sum(from_points) / len(from_points), sum(to_points) / len(to_points)
    arms = [point - from_centre for point in from_points]
    aimed = sum((to - to_centre) * arm.conjugate() for to, arm in zip(to_points, arms, strict=True))
    turn = aimed / sum(abs(arm) ** 2 for arm in arms)
    return Similarity(turn, to_centre - turn * from_centre)


def letterbox(image: Image, size: int) -> tuple[Image, Similarity]:
    """A BGR picture fitted into a black (size, size, 3) RGB canvas, its aspect kept; and picture to canvas."""
    height, width = image.shape[:2]
    scale = size / max(height, width)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size - inner[0]) // 2, (size - inner[1]) // 2
    # Bilinear sampling sees four pixels: much larger pictures are averaged first, or small faces would dissolve.
    small = cv2.resize(_reduced(image, int(1 / (2 * scale))), inner, interpolation=cv2.INTER_LINEAR)
    canvas = np.zeros((size, size, 3), np.uint8)
    cv2.cvtColor(small, cv2.COLOR_BGR2RGB, dst=canvas[top : top + inner[1], left : left + inner[0]])
    return canvas, Similarity(complex(scale), complex(left, top))


def stretch(image: Image, width: int, height: int | None = None) -> Image:
    """The whole BGR picture as (height, width, 3) RGB uint8, its aspect not kept: what the tracker network sees.

    It becomes square where no `height` is given.
    """
    size = width, height or width
    # Averages every pixel of a larger picture, where bilinear sampling would skip most of them.
    shrinks = max(image.shape[:2]) > max(size)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8)


def cut_out(image: Image, box: Box, size: int, margin: float) -> Image:
    """The square around a box of a BGR picture, with `margin` of its larger side on every side, as (size, size, 3) BGR.

    What lies outside the picture is as its edge. A classifier of cut-out faces sees this, `stretch`ed to RGB.
    """
    side = max(box.width, box.height) * (1 + 2 * margin)
    corner = np.array(box.center) - side / 2
    left, top, right, bottom = (*np.floor(corner).astype(int), *np.ceil(corner + side).astype(int))
    height, width = image.shape[:2]
    beyond = max(0, -left, -top, right - width, bottom - height)
    if beyond:
        image = np.asarray(cv2.copyMakeBorder(image, beyond, beyond, beyond, beyond, cv2.BORDER_REPLICATE), np.uint8)
    part = image[top + beyond : bottom + beyond, left + beyond : right + beyond]
    way = cv2.INTER_AREA if part.shape[0] > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (size, size), interpolation=way), np.uint8)


def warp_rgb(image: Image, to_patch: Similarity, size: int) -> Image:
    """The (size, size, 3) RGB patch that `to_patch` cuts out of a BGR picture; what lies outside it is black."""
    part, corner = _around(image, to_patch.inverse(), size)
    factor = max(1, int(1 / to_patch.scale))
    middle_of_first = complex(factor - 1, factor - 1) / 2
    to_patch = Similarity(complex(factor), corner + middle_of_first).then(to_patch)
    # OpenCV warps four channels in half the time of three.
    rgba = cv2.cvtColor(_reduced(part, factor), cv2.COLOR_BGR2RGBA)
    patch = cv2.warpAffine(rgba, to_patch.matrix, (size, size), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(patch, cv2.COLOR_RGBA2RGB), np.uint8)


def _around(image: Image, to_picture: Similarity, size: int) -> tuple[Image, complex]:
    """A view of the part of the picture that a patch of this size can show, and where its corner is."""
    height, width = image.shape[:2]
    centre = complex(size, size) / 2 * to_picture.turn + to_picture.shift
    reach = size * to_picture.scale * 0.71 + 2  # half the diagonal, and the neighbours that sampling needs
    left, top = (_clip(middle - reach, 0, end - 1) for middle, end in ((centre.real, width), (centre.imag, height)))
    right, bottom = _clip(centre.real + reach, left + 1, width), _clip(centre.imag + reach, top + 1, height)
    return image[top:bottom, left:right], complex(left, top)


def _clip(value: float, low: int, high: int) -> int:
    return int(min(max(value, low), high))


def _reduced(image: Image, factor: int) -> Image:
    """The picture averaged down by a whole factor, so that what follows does not skip pixels."""
    if factor < 2 or min(image.shape[:2]) < factor:
        return image
    width, height = image.shape[1] // factor, image.shape[0] // factor
    whole = image[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
