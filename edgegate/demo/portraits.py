"""The two people of the demo: portraits that well-known packages carry, cut out of their backgrounds.

Both are works of NASA and the US Navy, in the public domain. Nothing is copied: they are read where pip put them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgegate.errors import UsageError
from edgegate.system.quiet import quiet
from edgegate.types import Image

FEATHER = 2.0
"""Standard deviation, in the portrait's pixels, of the soft edge between a person and the scene."""

BELOW = 0.8
"""Portrait heights that a bust goes on below its picture: somebody far away is seen from head to knee."""

Outline = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class DemoPortrait:
    """A portrait's file, and who is where in it; all figures in the portrait's pixels."""

    person: str
    package: str
    path: str
    face: tuple[float, float]
    """The middle of the face."""
    face_width: float
    outline: Outline
    """Head, shoulders and whatever the person holds, clockwise or not."""

    @cached_property
    def file(self) -> Path:
        """The portrait's file; the package is found, not imported. Raises UsageError where it is not installed."""
        spec = find_spec(self.package)
        if spec is None or spec.origin is None or not (file := Path(spec.origin).parent / self.path).is_file():
            raise UsageError(
                f"the demo needs a portrait that {self.package} carries ({self.path}): "
                "from a clone, pip install '.[demo]'"
            )
        return file

    def cut_out(self) -> CutOut:
        """The person without the background."""
        data = np.frombuffer(self.file.read_bytes(), np.uint8)
        with quiet():  # libpng remarks on the colour profile
            image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if image is None:
            raise UsageError(f"{self.file}: cannot be read as a picture; reinstall {self.package}")
        mask = np.zeros(image.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.array(self.outline, np.int32)], (255,), cv2.LINE_AA)
        below = round(image.shape[0] * BELOW)
        cloth = np.repeat(_cloth(np.asarray(image[-1:], np.uint8), mask[-1:]), below, axis=0)
        mask = np.vstack([mask, np.repeat(mask[-1:], below, axis=0)])
        alpha = np.asarray(cv2.GaussianBlur(mask, (0, 0), FEATHER), np.float32) / np.float32(255)
        return CutOut(np.vstack([np.asarray(image, np.uint8), cloth]), alpha, self.face, self.face_width)


@dataclass(frozen=True, eq=False)
class CutOut:
    """A person as pixels (BGR), float32 opacity 0…1 of the same size, and where the face is."""

    image: Image
    alpha: npt.NDArray[np.float32]
    face: tuple[float, float]
    face_width: float

    def halved(self) -> CutOut:
        """The same at half the size, so that a person far away is not drawn from every other pixel."""
        x, y = self.face
        image, alpha = cv2.pyrDown(self.image), cv2.pyrDown(self.alpha)
        return CutOut(np.asarray(image, np.uint8), np.asarray(alpha, np.float32), (x / 2, y / 2), self.face_width / 2)


def _cloth(row: npt.NDArray[np.uint8], mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The colours of the person in the picture's last row, without its buttons and what stands beside."""
    weight = np.asarray(mask, np.float32)[..., None] / 255 + np.float32(1e-3)
    colours = cv2.GaussianBlur(row * weight, (0, 0), sigmaX=40, sigmaY=1)
    weights = cv2.GaussianBlur(weight, (0, 0), sigmaX=40, sigmaY=1)[..., None]
    return np.asarray(colours / weights, np.uint8)


def _outline(text: str) -> Outline:
    return tuple((int(x), int(y)) for x, y in (point.split(",") for point in text.split()))


ASTRONAUT = DemoPortrait(
    "Eileen Collins",
    "skimage",
    "data/astronaut.png",
    face=(225, 118),
    face_width=96,
    outline=_outline(
        "202,24 186,39 164,52 157,59 154,69 158,103 171,115 171,120 178,132 183,140 185,148 165,151 140,159 126,172 "
        "117,188 114,206 91,228 77,236 66,247 47,279 41,295 40,307 27,343 27,367 20,391 21,418 25,431 26,477 30,492 "
        "38,501 40,511 499,511 495,464 500,462 501,456 496,455 492,422 477,385 454,362 417,346 394,345 363,349 "
        "359,345 359,329 356,324 355,303 351,288 346,283 339,263 318,244 302,234 299,220 285,198 262,180 258,172 "
        "263,155 272,140 276,132 293,110 299,91 295,59 287,44 275,32 247,19 228,17"
    ),
)

HOPPER = DemoPortrait(
    "Grace Hopper",
    "matplotlib",
    "mpl-data/sample_data/grace_hopper.jpg",
    face=(265, 225),
    face_width=172,
    outline=_outline(
        "219,31 214,44 198,50 180,67 176,85 157,103 149,106 149,214 160,222 164,230 171,260 169,275 176,286 194,297 "
        "196,321 184,334 166,345 130,356 122,361 97,364 81,369 62,381 54,382 48,388 39,412 30,425 28,460 18,527 "
        "12,599 511,599 511,445 493,397 487,390 482,390 463,378 421,367 364,343 333,319 333,308 338,300 342,286 "
        "345,275 352,266 360,261 367,226 370,190 369,184 370,135 368,130 368,101 364,90 351,87 347,72 334,57 312,45 "
        "301,44 280,28 250,24 238,26 230,31"
    ),
)
