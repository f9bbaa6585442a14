"""The corridor in front of the door, drawn once: walls, ceiling lights, a floor that reflects them, a far door."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

SIZE = (640, 480)
"""Width and height of the scene in pixels."""

HORIZON = 205
"""The height of eyes: the camera hangs at eye height, for everybody who stands before it."""

Picture = npt.NDArray[np.float32]
Colour = tuple[float, float, float]
Corner = tuple[float, float, float]

_VANISHING_X = 320
_FOCAL = 480.0
"""Pixels that a metre spans at a distance of one metre."""

_LEFT, _RIGHT, _FLOOR, _CEILING = -1.7, 1.7, 1.55, -1.15
_NEAR, _FAR = 0.6, 9.0
"""The corridor in metres: to the right, down, and away from the camera."""

_SMOOTH = 3
"""It is drawn this many times larger and scaled down, for clean edges."""


def corridor() -> Picture:
    """The empty scene, float32 BGR (480, 640, 3), 0…255."""
    canvas = np.zeros((SIZE[1] * _SMOOTH, SIZE[0] * _SMOOTH, 3), np.float32)
    _shell(canvas)
    _lights(canvas)
    _fittings(canvas)
    small = cv2.resize(canvas, SIZE, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), 0.9)  # the far end is a little out of focus anyway
    return np.asarray(soft * _vignette()[..., None], np.float32)


def _shell(canvas: Picture) -> None:
    """Walls, floor and ceiling in slices that darken with distance."""
    edges = np.geomspace(_NEAR, _FAR, 90)
    for near, far in pairwise(map(float, edges)):
        fade = 1.06 - 0.055 * near
        _quad(canvas, _floor(_LEFT, _RIGHT, near, far), _times((112, 122, 128), fade))
        _quad(canvas, _ceiling(_LEFT, _RIGHT, near, far), _times((206, 211, 212), fade))
        _quad(canvas, _wall(_LEFT, _CEILING, _FLOOR, near, far), _times((176, 186, 188), fade))
        _quad(canvas, _wall(_RIGHT, _CEILING, _FLOOR, near, far), _times((168, 180, 184), fade * 0.96))
    _quad(canvas, _end(_LEFT, _RIGHT, _CEILING, _FLOOR, _FAR), (96, 106, 110))


def _lights(canvas: Picture) -> None:
    """Panels in the ceiling, and their soft reflection on the floor."""
    glow = np.zeros_like(canvas)
    for near in (1.4, 3.2, 5.0, 6.8):
        _quad(canvas, _ceiling(-0.45, 0.45, near, near + 0.9), (246, 250, 250))
        _quad(glow, _floor(-0.5, 0.5, near, near + 1.0), (38, 40, 40))
    canvas += cv2.GaussianBlur(glow, (0, 0), 9.0 * _SMOOTH)


def _fittings(canvas: Picture) -> None:
    """Skirting boards, a door at the end and one at the side, a notice board, a strip along the wall."""
    for x in (_LEFT, _RIGHT):
        _quad(canvas, _wall(x, _FLOOR - 0.1, _FLOOR, _NEAR, _FAR), (84, 90, 94))
    _quad(canvas, _end(-0.62, 0.62, -0.62, _FLOOR, _FAR), (70, 76, 82))
    _quad(canvas, _end(-0.55, 0.55, -0.55, _FLOOR, _FAR), (118, 96, 70))
    _quad(canvas, _end(-0.25, 0.25, -0.40, 0.35, _FAR), (205, 208, 200))
    _quad(canvas, _wall(_RIGHT, -0.55, _FLOOR, 4.2, 5.3), (82, 88, 94))
    _quad(canvas, _wall(_RIGHT, -0.48, _FLOOR, 4.28, 5.22), (132, 108, 80))
    _quad(canvas, _wall(_LEFT, -0.50, 0.30, 2.9, 4.3), (92, 98, 104))
    _quad(canvas, _wall(_LEFT, -0.44, 0.24, 3.0, 4.2), (150, 172, 176))
    _quad(canvas, _wall(_LEFT, -0.34, 0.00, 3.15, 3.5), (226, 230, 230))
    _quad(canvas, _wall(_LEFT, -0.36, 0.10, 3.65, 4.05), (190, 160, 120))


def _quad(canvas: Picture, corners: list[Corner], colour: Colour) -> None:
    """Fill a rectangle of the corridor, its corners in metres, as the camera sees it."""
    points = [((_VANISHING_X + _FOCAL * x / z) * _SMOOTH, (HORIZON + _FOCAL * y / z) * _SMOOTH) for x, y, z in corners]
    cv2.fillPoly(canvas, [np.rint(points).astype(np.int32)], colour)


def _floor(x1: float, x2: float, near: float, far: float) -> list[Corner]:
    return [(x1, _FLOOR, near), (x2, _FLOOR, near), (x2, _FLOOR, far), (x1, _FLOOR, far)]


def _ceiling(x1: float, x2: float, near: float, far: float) -> list[Corner]:
    return [(x1, _CEILING, near), (x2, _CEILING, near), (x2, _CEILING, far), (x1, _CEILING, far)]


def _wall(x: float, top: float, bottom: float, near: float, far: float) -> list[Corner]:
    return [(x, top, near), (x, bottom, near), (x, bottom, far), (x, top, far)]


def _end(x1: float, x2: float, top: float, bottom: float, z: float) -> list[Corner]:
    return [(x1, top, z), (x2, top, z), (x2, bottom, z), (x1, bottom, z)]


def _times(colour: Colour, factor: float) -> Colour:
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def _vignette() -> Picture:
    """A lens's darker corners."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot((x - width / 2) / width, (y - height / 2) / height)
    return np.asarray(1 - 0.45 * distance**2, np.float32)
