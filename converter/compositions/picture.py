"""Float pictures, a person placed into one, and what a camera makes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from edgegate.types import Box, Image

Picture: TypeAlias = npt.NDArray[np.float32]
"""BGR, float32 (height, width, 3), 0…255."""

SIZE = (320, 240)
"""Width and height of a composition: more than the network sees."""

FACE = (0.15, 0.36)
"""Width of a face's box, as a share of the picture's; the demo's door decides at about a fifth."""

MAX_TURN = 12.0
"""Degrees that a head leans to either side."""


@dataclass(frozen=True, eq=False)
class PersonCutout:
    """Pixels, opacity 0…1 (height, width), and the square that a face detector finds there."""

    picture: Picture
    alpha: npt.NDArray[np.float32]
    box: Box

    def halved(self) -> PersonCutout:
        half = Box(self.box.x1 / 2, self.box.y1 / 2, self.box.x2 / 2, self.box.y2 / 2)
        return PersonCutout(_pixels(cv2.pyrDown(self.picture)), _pixels(cv2.pyrDown(self.alpha)), half)


def place(picture: Picture, person: PersonCutout, rng: np.random.Generator) -> Box:
    """Blend the person into the picture, in place, somewhere and at some distance; the box is where the face is."""
    low, high = FACE
    width = SIZE[0] * low * (high / low) ** rng.random()
    x = rng.uniform(width / 2, SIZE[0] - width / 2)
    # A door's camera hangs at eye height or above it, so faces are rarely at the bottom.
    y = rng.uniform(width / 2, SIZE[1] - width / 2 - 0.2 * (SIZE[1] - width))
    while width < person.box.width / 2:
        person = person.halved()
    middle = person.box.center
    move = cv2.getRotationMatrix2D(middle, rng.uniform(-MAX_TURN, MAX_TURN), width / person.box.width)
    if rng.random() < 0.5:  # seen in a mirror
        move = move @ np.array(((-1, 0, 2 * middle[0]), (0, 1, 0), (0, 0, 1)))
    move[:, 2] += x - middle[0], y - middle[1]
    image = cv2.warpAffine(person.picture, move, SIZE, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(person.alpha, move, SIZE)[..., None]
    picture += alpha * (image * _shading(rng) - picture)
    return Box(x - width / 2, y - width / 2, x + width / 2, y + width / 2)


def developed(picture: Picture, rng: np.random.Generator) -> Image:
    """Another exposure, white balance and sharpness, and a sensor's noise."""
    if rng.random() < 0.3:
        picture = _pixels(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.4)))
    if rng.random() < 0.1:
        picture = _pixels(np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2))
    level, gamma = math.exp(rng.uniform(-0.5, 0.35)), rng.uniform(0.75, 1.35)
    balance = rng.uniform(0.9, 1.1, 3)
    light = 255 * (np.clip(picture, 0, 255) / 255) ** gamma * level * balance
    noisy = light + rng.normal(0, rng.uniform(0, 9), picture.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def _shading(rng: np.random.Generator) -> Picture:
    """Light from the side and above: gains that fall off linearly across the picture."""
    width, height = SIZE
    x, y = np.meshgrid(np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32))
    gain = rng.uniform(0.7, 1.15) * (1 + rng.uniform(-0.3, 0.3) * x + rng.uniform(-0.2, 0.2) * y)
    return _pixels(gain[..., None])


def _pixels(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    return np.asarray(values, np.float32)
