"""Faces of people who do not exist: the enrolled one's with other proportions, features, skin and light.

A network that tells them from her must look at the face itself, for everything else they share. They are no real
people, so that they may be shown and shipped; how a network does with real strangers is measured apart.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from converter.compositions.picture import Picture

SIZE = 106
"""Pixels across the face that the figures below are for: the square of `people.enrolled_face`."""

_Point = tuple[float, float]

EYES: tuple[_Point, _Point] = ((31, 35), (74.5, 37))
BROWS: tuple[_Point, _Point] = ((28.5, 24), (79, 27))
NOSE: _Point = (52, 58)
MOUTH: _Point = (51.5, 78)
CHIN: _Point = (52, 102)
JAWS: tuple[_Point, _Point] = ((20, 86), (86, 88))
FOREHEAD: _Point = (52, 8)
TEETH = ((37, 76), (51, 77), (66, 76), (60, 81), (51, 83), (42, 81))
LIP: _Point = (51, 87)
FRONT: _Point = (54, 29)


class _Warp:
    """The origin of each pixel: (SIZE, SIZE) each, pushed and stretched around points of the face."""

    def __init__(self) -> None:
        self.x, self.y = np.meshgrid(np.arange(SIZE, dtype=np.float32), np.arange(SIZE, dtype=np.float32))
        self._rows, self._columns = self.y.copy(), self.x.copy()

    def push(self, centre: _Point, by: _Point, reach: float) -> None:
        near = self._near(centre, reach)
        self.x -= np.float32(by[0]) * near
        self.y -= np.float32(by[1]) * near

    def stretch(self, centre: _Point, across: float, down: float, reach: float) -> None:
        near = self._near(centre, reach)
        self.x -= near * (self._columns - np.float32(centre[0])) * np.float32(1 - 1 / across)
        self.y -= near * (self._rows - np.float32(centre[1])) * np.float32(1 - 1 / down)

    def of(self, face: Picture) -> Picture:
        return np.asarray(cv2.remap(face, self.x, self.y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), np.float32)

    def _near(self, centre: _Point, reach: float) -> npt.NDArray[np.float32]:
        square = (self._columns - np.float32(centre[0])) ** 2 + (self._rows - np.float32(centre[1])) ** 2
        return np.asarray(np.exp(-square / np.float32(2 * reach**2)), np.float32)


def stranger(face: Picture, rng: np.random.Generator) -> Picture:
    """Somebody else, drawn from the enrolled `face` (SIZE, SIZE, 3), BGR 0…255; `face` is left as it was."""
    other = np.array(face, np.float32)
    if rng.random() < 0.85:
        _change_hair(other, rng)
    if rng.random() < 0.6:
        _close_mouth(other)
    if rng.random() < 0.4:
        _thicken_brows(other, rng)
    if rng.random() < 0.25:
        _grow_beard(other, rng)
    other = _proportions(rng).of(other) * _relief(rng)
    if rng.random() < 0.25:
        _put_on_glasses(other, rng)
    return np.clip(other, 0, 255)


def _proportions(rng: np.random.Generator) -> _Warp:
    """No part keeps its place and size: each is off by at least half of what it may be off."""

    def off(most: float) -> float:
        return float(rng.choice((-1, 1)) * rng.uniform(0.5, 1) * most)

    def times(most: float) -> float:
        return float(np.exp(off(np.log(most))))

    warp = _Warp()
    apart, level, wide, high, brow = off(6), off(5), times(1.4), times(1.6), off(6)
    for side, eye, above, jaw in zip((-1, 1), EYES, BROWS, JAWS, strict=True):
        warp.push(eye, (side * apart, level), 14)
        warp.stretch(eye, wide, high, 10)
        warp.push(above, (0, brow), 9)
        warp.push(jaw, (side * off(8), 0), 18)
    warp.push(NOSE, (0, off(6)), 12)
    warp.stretch(NOSE, times(1.5), 1, 11)
    warp.push(MOUTH, (0, off(6)), 14)
    warp.stretch(MOUTH, times(1.4), times(1.6), 14)
    warp.push(CHIN, (0, off(8)), 20)
    warp.push(FOREHEAD, (0, off(8)), 20)
    return warp


def _relief(rng: np.random.Generator) -> Picture:
    """Gains (SIZE, SIZE, 1): cheeks, temples and sockets that catch the light otherwise."""
    coarse = rng.uniform(0.7, 1.3, (6, 6)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC), np.float32)[..., None]


def _change_hair(face: Picture, rng: np.random.Generator) -> None:
    """Dyed, or gone from the forehead, whose colour is then there."""
    mask = np.zeros((SIZE, SIZE), np.float32)
    if rng.random() < 0.35:
        cv2.ellipse(mask, (54, 34), (44, 40), 0, 180, 360, (1.0,), -1)
        mask[22:] = 0
        face += _soft(mask, 2.5) * (_colour_at(face, FRONT) - face)
        return
    mask[:19], mask[:60, :13], mask[:60, 95:] = 1, 1, 1
    grey = face.mean(axis=2, keepdims=True) / np.float32(128)
    face += _soft(mask, 2.5) * (grey * _hair(rng) * np.float32(1.5) - face)


def _close_mouth(face: Picture) -> None:
    lips = _filled(TEETH, blur=1.2)
    colour = _colour_at(face, LIP)
    face += lips * (colour - face)
    line = np.zeros((SIZE, SIZE), np.float32)
    cv2.polylines(line, [np.array(((34, 76), (44, 79), (52, 80), (60, 79), (69, 76)), np.int32)], False, (0.7,), 1)
    face += _soft(line, 0.7) * (0.35 * colour - face)


def _thicken_brows(face: Picture, rng: np.random.Generator) -> None:
    mask = np.zeros((SIZE, SIZE), np.float32)
    for side, (x, y) in zip((-1, 1), BROWS, strict=True):
        axes = (round(rng.uniform(10, 14)), round(rng.uniform(2, 4)))
        cv2.ellipse(mask, (round(x), round(y)), axes, side * rng.uniform(-5, 15), 0, 360, (1.0,), -1)
    face += 0.8 * _soft(mask, 1.0) * (_hair(rng) - face)


def _grow_beard(face: Picture, rng: np.random.Generator) -> None:
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(mask, (52, 70), (17, 4), 0, 0, 360, (1.0,), -1)
    if rng.random() < 0.6:
        cv2.ellipse(mask, (52, 92), (round(rng.uniform(15, 40)), round(rng.uniform(14, 26))), 0, 0, 360, (1.0,), -1)
        cv2.ellipse(mask, (52, 79), (22, 9), 0, 0, 360, (0.0,), -1)
    face += rng.uniform(0.4, 0.85) * _soft(mask, 2.0) * (_hair(rng) - face)


def _put_on_glasses(face: Picture, rng: np.random.Generator) -> None:
    mask = np.zeros((SIZE, SIZE), np.float32)
    axes, thick = (round(rng.uniform(13, 18)), round(rng.uniform(9, 14))), int(rng.integers(1, 4))
    for x, y in EYES:
        cv2.ellipse(mask, (round(x), round(y)), axes, 0, 0, 360, (1.0,), thick)
    cv2.line(mask, (round(EYES[0][0]) + axes[0], 36), (round(EYES[1][0]) - axes[0], 36), (1.0,), thick)
    face += _soft(mask, 0.6) * (_hair(rng) - face)


def _hair(rng: np.random.Generator) -> Picture:
    """From black to grey, more or less brown; BGR."""
    brown = rng.uniform(0, 0.5)
    return np.asarray(rng.uniform(10, 130) * np.array((1 - brown, 1 - brown / 2, 1.0)), np.float32)


def _colour_at(face: Picture, point: _Point) -> Picture:
    x, y = round(point[0]), round(point[1])
    return np.asarray(face[y - 2 : y + 3, x - 4 : x + 5].mean(axis=(0, 1)), np.float32)


def _filled(outline: tuple[tuple[int, int], ...], blur: float) -> Picture:
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.fillPoly(mask, [np.array(outline, np.int32)], (1.0,))
    return _soft(mask, blur)


def _soft(mask: npt.NDArray[np.float32], blur: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), blur), np.float32)[..., None]
