"""A door scene as a video: an empty corridor, and two people who walk up in turn, stand, and leave.

Everything is drawn and seeded, so every run renders the same frames. The camera is at eye height: somebody who comes
nearer grows, and the eyes stay at the height of the horizon.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgegate.demo.backdrop import HORIZON, SIZE, corridor
from edgegate.demo.portraits import ASTRONAUT, HOPPER, CutOut
from edgegate.report.video import EXACT, video_file
from edgegate.types import Image

FPS = 15
SECONDS = 26
FRAMES = SECONDS * FPS
SEED = 20260101
NOISE = 3.0
"""Standard deviation of the sensor's noise, in grey levels."""

Picture = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Mark:
    """The place of a face at one moment: x of its middle and its width, in pixels."""

    at: float
    x: float
    width: float


@dataclass(frozen=True)
class Walk:
    """One person's way through the scene, from mark to mark, easing in and out of each."""

    person: CutOut
    marks: tuple[Mark, ...]

    def where(self, at: float) -> Mark | None:
        """None while the person is not there."""
        for a, b in pairwise(self.marks):
            if a.at <= at < b.at:
                part = (1 - math.cos(math.pi * (at - a.at) / (b.at - a.at))) / 2
                # Walking steadily, a face grows geometrically.
                return Mark(at, a.x + (b.x - a.x) * part, a.width * (b.width / a.width) ** part)
        return None


def walks() -> tuple[Walk, Walk]:
    """Returns who comes when: far enough apart that the second is a visit of its own."""
    first = (Mark(2.0, -70, 58), Mark(5.0, 300, 124), Mark(8.0, 312, 130), Mark(10.2, 800, 118))
    second = (Mark(16.0, 730, 62), Mark(19.0, 342, 122), Mark(22.0, 330, 130), Mark(24.2, -170, 116))
    return Walk(ASTRONAUT.cut_out(), first), Walk(HOPPER.cut_out(), second)


def render(path: Path, progress: Callable[[Iterable[Image]], Iterable[Image]] = iter) -> None:
    """Write the scene to `path`; `progress` wraps the frames. An .avi keeps faces as they are.

    Raises UsageError where a portrait is missing or `path` cannot be written.
    """
    with video_file(path, SIZE, FPS, EXACT) as write:
        for frame in progress(frames(walks())):
            write(frame)


def frames(walks: Sequence[Walk]) -> Iterator[Image]:
    """Every picture of the scene, uint8 BGR."""
    backdrop = corridor()
    noise = _Noise(SEED)
    for index in range(FRAMES):
        at = index / FPS
        picture = backdrop.copy()
        for walk in walks:
            if (mark := walk.where(at)) is not None:
                _paint(picture, walk.person, mark)
        lit = picture * _light(at) + noise.next()
        yield np.clip(np.rint(lit), 0, 255).astype(np.uint8)


def _paint(picture: Picture, person: CutOut, mark: Mark) -> None:
    """Blend a person into the picture, in place, with the sway of somebody standing or walking."""
    while mark.width < person.face_width / 2:
        person = person.halved()
    scale = mark.width / person.face_width
    sway = math.sin(2 * math.pi * 0.45 * mark.at)
    bob = math.sin(2 * math.pi * 1.1 * mark.at)
    move = cv2.getRotationMatrix2D(person.face, 1.5 * sway, scale)
    move[0, 2] += mark.x + 3 * sway - person.face[0]
    move[1, 2] += HORIZON + 1.5 * bob - person.face[1]
    image = cv2.warpAffine(person.image, move, SIZE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(person.alpha, move, SIZE, flags=cv2.INTER_LINEAR)[..., None]
    # It is darker at the far end of the corridor.
    shade = np.float32(0.72 + 0.28 * min(1.0, mark.width / 110))
    picture += alpha * (image * shade - picture)


def _light(at: float) -> Picture:
    """The light as gains of blue, green and red: daylight that comes and goes, a little warmer when it is low."""
    level = 1 + 0.10 * math.sin(2 * math.pi * at / 17)
    warmth = 0.03 * math.cos(2 * math.pi * at / 23)
    return np.array([level * (1 - warmth), level, level * (1 + warmth)], np.float32)


class _Noise:
    """The sensor's noise. One field, larger than the picture, looked at through a window that jumps: as good as
    fresh noise for every frame, and much faster.
    """

    _MARGIN = 256

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        width, height = SIZE
        shape = (height + self._MARGIN, width + self._MARGIN, 3)
        self._field = self._random.standard_normal(shape, np.float32) * np.float32(NOISE)

    def next(self) -> Picture:
        x, y = self._random.integers(0, self._MARGIN, 2)
        width, height = SIZE
        return self._field[y : y + height, x : x + width]
