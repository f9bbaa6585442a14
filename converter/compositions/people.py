"""Faces, and the heads and bodies that they are given."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from converter.compositions.picture import PersonCutout, Picture
from converter.compositions.portraits import ASTRONAUT, read
from converter.compositions.strangers import stranger
from edgegate.demo.portraits import CutOut
from edgegate.types import Box, Image

FACE_SIZE = 106
"""Pixels across a face's square, as it is in the astronaut's portrait."""

COARSEST = 25
"""Pixels across the coarsest face."""

STRANGERS = 400


@dataclass(frozen=True, slots=True)
class Variation:
    """Variations between two pictures of one face, which must not tell who it is."""

    costumed: bool
    """In the astronaut's hair and suit, or with a drawn head and shoulders."""
    tinted: bool
    """Grey times some skin tone; else in the enrolled person's own colours."""
    pixels: int
    """The face was once this many pixels across."""

    @classmethod
    def drawn(cls, rng: np.random.Generator, *, tinted: float) -> Variation:
        """`tinted` is the share of faces that are."""
        return cls(bool(rng.random() < 0.5), bool(rng.random() < tinted), int(rng.integers(COARSEST, FACE_SIZE)))


def enrolled_face() -> Picture:
    """The astronaut's, cut from her portrait; raises EdgegateError where that is not installed."""
    x1, y1, *_ = ASTRONAUT.box.rounded()
    return np.asarray(read(ASTRONAUT)[y1 : y1 + FACE_SIZE, x1 : x1 + FACE_SIZE], np.float32)


def stranger_faces() -> list[tuple[str, Picture]]:
    """Faces of nobody, each with a name, always the same; raises EdgegateError as `enrolled_face` does."""
    face = enrolled_face()
    return [(f"stranger {number}", stranger(face, np.random.default_rng(number))) for number in range(STRANGERS)]


class Wardrobe:
    """Gives a face a head, a body and clothes."""

    def __init__(self, astronaut: CutOut) -> None:
        self._astronaut = astronaut
        self._oval = _oval()
        x1, y1, *_ = ASTRONAUT.box.rounded()
        self._box = Box(x1, y1, x1 + FACE_SIZE, y1 + FACE_SIZE)

    def dress(self, face: Picture, look: Variation, rng: np.random.Generator) -> PersonCutout:
        seen = _tinted(face, rng) if look.tinted else face
        seen = _resized(_resized(seen, look.pixels), FACE_SIZE)
        body, alpha = self._suit(rng) if look.costumed else self._sketch(seen, rng)
        x1, y1, x2, y2 = self._box.rounded()
        patch = body[y1:y2, x1:x2]
        patch += self._oval * (seen - patch)
        return PersonCutout(body, alpha, self._box)

    def _suit(self, rng: np.random.Generator) -> tuple[Picture, npt.NDArray[np.float32]]:
        image = self._astronaut.image
        if rng.random() < 0.7:
            image = _recoloured(image, int(rng.integers(0, 180)), rng.uniform(0.2, 1.2))
        return np.asarray(image, np.float32), self._astronaut.alpha

    def _sketch(self, face: Picture, rng: np.random.Generator) -> tuple[Picture, npt.NDArray[np.float32]]:
        """Hair, neck and shoulders as plain shapes of random colours, the neck in the face's."""
        shape = self._astronaut.image.shape
        (x, y), size = self._box.center, float(FACE_SIZE)
        body, alpha = np.zeros(shape, np.float32), np.zeros(shape[:2], np.uint8)
        hair, cloth = rng.uniform(10, 200, 3) * rng.uniform(0.2, 1), rng.uniform(10, 240, 3)
        skin = face[40:66, 30:76].mean(axis=(0, 1)) * 0.85
        spread = rng.uniform(1.0, 1.6)
        shoulders = np.array(((-spread, 6), (-spread, 1.3), (-0.35, 0.85), (0.35, 0.85), (spread, 1.3), (spread, 6)))
        neck = np.array(((-0.28, 0.3), (0.28, 0.3), (0.32, 1.0), (-0.32, 1.0)))
        for outline, colour in ((neck, skin), (shoulders, cloth)):
            points = [np.rint(outline * size + (x, y)).astype(np.int32)]
            cv2.fillPoly(body, points, colour.tolist())
            cv2.fillPoly(alpha, points, (255,))
        centre, axes = (round(x), round(y - 0.12 * size)), (round(size * rng.uniform(0.5, 0.66)), round(size * 0.66))
        cv2.ellipse(body, centre, axes, 0, 0, 360, hair.tolist(), -1)
        cv2.ellipse(alpha, centre, axes, 0, 0, 360, (255,), -1)
        soft = np.asarray(cv2.GaussianBlur(alpha, (0, 0), 2.0), np.float32) / np.float32(255)
        return np.asarray(cv2.GaussianBlur(body, (0, 0), 2.0), np.float32), soft


def _tinted(face: Picture, rng: np.random.Generator) -> Picture:
    """Grey, in another contrast, times the colour of somebody's skin."""
    grey = face.mean(axis=2, keepdims=True) / 255
    stretched = (grey - grey.mean()) * rng.uniform(0.7, 1.2) + rng.uniform(0.35, 0.65)
    red = 255 * rng.uniform(0.8, 1.2)
    colour = np.array((red * rng.uniform(0.55, 0.85), red * rng.uniform(0.7, 0.92), red))
    return np.asarray(np.clip(stretched, 0, 1) * colour, np.float32)


def _resized(face: Picture, pixels: int) -> Picture:
    way = cv2.INTER_AREA if pixels < face.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(face, (pixels, pixels), interpolation=way), np.float32)


def _recoloured(image: Image, turn: int, saturation: float) -> Image:
    """Other dyes for suit and hair: the hue turned by 2 × `turn` degrees."""
    hsv = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2HSV), np.int32)
    hsv[..., 0] = (hsv[..., 0] + turn) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * saturation, 0, 255)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR), np.uint8)


def _oval() -> Picture:
    """Opacity (size, size, 1) of a face in its square: a soft-edged ellipse."""
    mask = np.zeros((FACE_SIZE, FACE_SIZE), np.float32)
    middle = FACE_SIZE // 2
    cv2.ellipse(mask, (middle, middle), (round(0.42 * FACE_SIZE), round(0.5 * FACE_SIZE)), 0, 0, 360, (1.0,), -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 4.0), np.float32)[..., None]
