"""Two public-domain portraits that well-known packages carry, and pictures made from them.

They are found in the installed packages without importing those. NOTICE says where they come from.
"""

from __future__ import annotations

import cmath
import importlib.util
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from edgegate.errors import EdgegateError
from edgegate.types import Box, Image, Points
from edgegate.vision.align import TEMPLATES
from edgegate.vision.packs import sha256_of
from edgegate.vision.preprocess import Similarity, fit, warp_rgb


@dataclass(frozen=True, slots=True)
class Portrait:
    """`box` and `marks` (by the name of the template, in its order) were found once, by the packs themselves."""

    package: str
    file: str
    sha256: str
    box: Box
    marks: Mapping[str, tuple[tuple[float, float], ...]] = field(hash=False)

    @property
    def landmarks(self) -> Points:
        return self.points("dlib-150")

    def points(self, template: str) -> Points:
        return np.array(self.marks["arcface-112" if template == "facenet-160" else template], np.float32)


ASTRONAUT = Portrait(
    "skimage",
    "data/astronaut.png",
    "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    Box(171.9, 66.1, 278.5, 172.7),
    {
        "dlib-150": ((193.6, 100.6), (212.9, 103.5), (236.7, 104.8), (256.6, 103.9), (222.8, 134.6)),
        "arcface-112": ((203.6, 102.0), (246.6, 104.4), (222.6, 131.9), (201.1, 139.3), (245.3, 142.3)),
    },
)
GRACE_HOPPER = Portrait(
    "matplotlib",
    "mpl-data/sample_data/grace_hopper.jpg",
    "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
    Box(164.8, 129.4, 366.9, 331.5),
    {
        "dlib-150": ((201.2, 193.1), (240.2, 192.9), (289.7, 190.4), (329.0, 186.6), (267.4, 252.6)),
        "arcface-112": ((219.3, 192.7), (309.0, 189.2), (268.8, 247.2), (230.2, 276.6), (304.3, 274.0)),
    },
)


def read(portrait: Portrait) -> Image:
    """The whole picture, BGR; raises EdgegateError if it is not there, or not the one it was."""
    spec = importlib.util.find_spec(portrait.package)
    if spec is None or spec.origin is None:
        raise EdgegateError(f"{portrait.package} is not installed; from a clone, pip install '.[demo]'")
    file = Path(spec.origin).parent / portrait.file
    if not file.is_file() or sha256_of(file) != portrait.sha256:
        raise EdgegateError(f"{file} is missing or another picture; install another version of {portrait.package}")
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise EdgegateError(f"{file} cannot be read as a picture; reinstall {portrait.package}")
    return np.asarray(image, np.uint8)


def varied_chips(count: int, seed: int, template: str = "dlib-150") -> Iterator[Image]:
    """RGB chips of the template's size, as other faces, cameras, light and distances could have made them.

    Two faces alone would leave a network's last layers with too narrow a range for everybody else's: so they are
    melded and reshaped too.
    """
    rng = np.random.default_rng(seed)
    places, size = TEMPLATES[template].places, TEMPLATES[template].size
    portraits = [(read(one), fit(one.points(template), places)) for one in (ASTRONAUT, GRACE_HOPPER)]
    for index in range(count):
        pair = [warp_rgb(image, jittered(to_chip, size, rng), size) for image, to_chip in portraits]
        chip = melded(pair, rng) if rng.random() < 0.3 else pair[index % 2]
        chip = blurred(reshaped(chip, rng), rng)
        yield relit(chip[:, ::-1] if rng.random() < 0.5 else chip, rng)


def jittered(to_chip: Similarity, size: int, rng: np.random.Generator) -> Similarity:
    """The alignment a few pixels, degrees and percent off."""
    middle = complex(size / 2, size / 2)
    turn = rng.uniform(0.9, 1.1) * cmath.exp(1j * math.radians(rng.uniform(-8, 8)))
    shift = complex(*rng.uniform(-5, 5, 2))
    return to_chip.then(Similarity(turn, middle - turn * middle + shift))


def melded(pair: list[Image], rng: np.random.Generator) -> Image:
    """Something of both faces."""
    share = rng.uniform(0.2, 0.8)
    return np.asarray(cv2.addWeighted(pair[0], share, pair[1], 1 - share, 0), np.uint8)


def reshaped(chip: Image, rng: np.random.Generator) -> Image:
    """Another face's proportions: every part moved by some pixels, smoothly."""
    size = len(chip)
    reach = rng.uniform(0, 14)
    moves = [rng.normal(0, reach, (5, 5)).astype(np.float32) for _ in range(2)]
    dx, dy = (cv2.resize(move, (size, size), interpolation=cv2.INTER_CUBIC) for move in moves)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    moved = cv2.remap(chip, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8)


def blurred(chip: Image, rng: np.random.Generator) -> Image:
    """As seen from further away: down to as few as 40 pixels across, and up again."""
    size, fewer = len(chip), int(rng.uniform(40, len(chip)))
    small = cv2.resize(chip, (fewer, fewer), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR), np.uint8)


def relit(chip: Image, rng: np.random.Generator) -> Image:
    """Another exposure, contrast and white balance, and a sensor's noise."""
    exposure, gamma = rng.uniform(0.4, 1.5), rng.uniform(0.7, 1.4)
    balance = rng.uniform(0.85, 1.15, 3)
    light = 255 * (chip / 255) ** gamma * exposure * balance
    noisy = light + rng.normal(0, rng.uniform(0, 10), chip.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
