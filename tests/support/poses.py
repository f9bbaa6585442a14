"""Somebody before a camera who turns, comes closer and steps back: one portrait, bent and scaled, at test time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from edgegate.demo import scene
from edgegate.demo.portraits import ASTRONAUT, HOPPER, CutOut, DemoPortrait
from edgegate.demo.scene import Mark, Walk
from edgegate.types import Image
from tests.support.door_scenes import FPS

SITTER, OTHER = HOPPER, ASTRONAUT

LEFT, RIGHT = 1.8, -1.6
"""Amounts by which to bend the sitter for a head turned a bit to their left or right."""

Standing: TypeAlias = tuple[DemoPortrait, float, float, float]
"""A person, how far turned, x of the middle of the face and its width, in pixels of 640x480."""

STRAIGHT: Standing = (SITTER, 0.0, 310.0, 120.0)
TURNED_LEFT: Standing = (SITTER, LEFT, 310.0, 120.0)
TURNED_RIGHT: Standing = (SITTER, RIGHT, 310.0, 120.0)
CLOSER: Standing = (SITTER, 0.0, 310.0, 170.0)
BACK: Standing = (SITTER, 0.0, 310.0, 85.0)

POSES: Sequence[Sequence[Standing]] = ((STRAIGHT,), (TURNED_LEFT,), (CLOSER,), (TURNED_RIGHT,), (BACK,))
"""Poses that a guided session asks for, in its order."""


def turned(portrait: DemoPortrait, turn: float) -> Image:
    """The portrait with the middle of the face moved to one side, the rest giving way: much like a head that turns."""
    return _bent(portrait.cut_out(), turn).image


def _bent(person: CutOut, turn: float) -> CutOut:
    height, width = person.image.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    aside = (x - person.face[0]) / person.face_width
    bent = aside - 0.175 * turn * (1 - np.clip(np.abs(aside) / 0.75, 0, 1) ** 2)
    source = np.asarray(bent * person.face_width + person.face[0], np.float32)
    image = cv2.remap(person.image, source, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return CutOut(np.asarray(image, np.uint8), person.alpha, person.face, person.face_width)


@cache
def still(*standing: Standing) -> Image:
    """The demo's corridor with these people in it; the sensor's noise is always the same."""
    walks = [
        Walk(_bent(portrait.cut_out(), turn), (Mark(0.0, x, width), Mark(1 / scene.FPS, x, width)))
        for portrait, turn, x, width in standing
    ]
    return next(scene.frames(walks))


def write_session(path: Path, script: Sequence[tuple[Sequence[Standing], float]]) -> Path:
    """A video, .avi, of (who stands there, for how many seconds)."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), FPS, (640, 480))
    assert writer.isOpened()
    for standing, seconds in script:
        for _ in range(round(seconds * FPS)):
            writer.write(still(*standing))
    writer.release()
    return path
