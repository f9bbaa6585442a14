"""The picture of a decision: the face that decided, with some room around it and its box."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from edgegate.types import Image

ROOM = 0.55
"""The margin that is shown around the face on every side, in box sizes."""

WIDTH = 360
"""Pixels of the picture's longer side."""

_QUALITY = 86
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)


def snapshot(image: Image, box: Sequence[int]) -> bytes:
    """A square JPEG around `box` (x1, y1, x2, y2 in pixels, which may reach beyond the picture)."""
    x1, y1, x2, y2 = box
    side = round(max(x2 - x1, y2 - y1, 8) * (1 + 2 * ROOM))
    left, top = (x1 + x2 - side) // 2, (y1 + y2 - side) // 2
    crop = _cut(image, left, top, side)
    scale = WIDTH / side
    crop = np.asarray(cv2.resize(crop, (WIDTH, WIDTH), interpolation=cv2.INTER_CUBIC), np.uint8)
    corners = [round((value - origin) * scale) for value, origin in zip(box, (left, top, left, top), strict=True)]
    # White on black is seen on every picture.
    cv2.rectangle(crop, (corners[0], corners[1]), (corners[2], corners[3]), _BLACK, 4, cv2.LINE_AA)
    cv2.rectangle(crop, (corners[0], corners[1]), (corners[2], corners[3]), _WHITE, 2, cv2.LINE_AA)
    ok, data = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert ok
    return data.tobytes()


def _cut(image: Image, left: int, top: int, side: int) -> Image:
    """A square of the picture; what lies beyond its edges is grey."""
    height, width = image.shape[:2]
    square = np.full((side, side, 3), 96, np.uint8)
    x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if x1 < x2 and y1 < y2:
        square[y1 - top : y2 - top, x1 - left : x2 - left] = image[y1:y2, x1:x2]
    return square
