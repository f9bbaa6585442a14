"""Signs of a camera's faults in its pictures: the same one again, or none at all through a covered lens."""

from __future__ import annotations

import cv2
import numpy as np

from edgegate.types import Frame, Image

_EVERY = 16
"""Rows compared first: two pictures that differ do so nearly always in one of these."""
_LOOKED_AT_WIDTH = 160
_MOSAIC = (16, 12)
_UNIFORM = 3.0
"""Standard deviation, of 255, of a mosaic of the picture below which nothing is in it. Averaged over a mosaic's
tile, the noise of a covered sensor is well below 1; a plain wall in even light is above 5."""
_DARK = 40.0
"""Mean brightness of 255 below which a picture without anything in it is called dark."""


def is_same(frame: Frame, before: Frame) -> bool:
    """True if two pictures are equal in every pixel: a sensor's noise makes that impossible for two exposures."""
    image, other = frame.image, before.image
    if image.shape != other.shape:
        return False
    return np.array_equal(image[::_EVERY], other[::_EVERY]) and np.array_equal(image, other)


def emptiness(image: Image) -> str | None:
    """Returns why nothing can be seen in a BGR picture, in words; None if something can."""
    step = max(1, image.shape[1] // _LOOKED_AT_WIDTH)
    mosaic = cv2.resize(image[::step, ::step], _MOSAIC, interpolation=cv2.INTER_AREA).mean(axis=2)
    if float(mosaic.std()) >= _UNIFORM:
        return None
    if float(mosaic.mean()) < _DARK:
        return "the picture is dark: is the lens covered, or the light off?"
    return "the picture is one even surface: is the lens covered or blinded?"
