"""Picture files as the converter writes them: JPEG, or PNG where nothing may be lost."""

from __future__ import annotations

import cv2
import numpy as np

from edgegate.types import Image

LOSSLESS = {".png", ".bmp", ".tif", ".tiff"}
_JPEG_QUALITY = 95


def encode(image: Image, *, lossless: bool) -> tuple[bytes, str]:
    """A picture file and its suffix."""
    suffix = ".png" if lossless else ".jpg"
    options = [] if lossless else [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    return cv2.imencode(suffix, image, options)[1].tobytes(), suffix


def shrunk(image: Image, longest: int) -> Image:
    """At most `longest` pixels a side, its aspect kept."""
    scale = longest / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
