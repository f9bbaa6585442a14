"""Two public-domain portraits that well-known packages carry, and pictures made from them.

They are found in the installed packages without importing those. NOTICE says where they come from.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edgegate.errors import EdgegateError
from edgegate.types import Box, Image, Points
from edgegate.vision.align import CHIP_SIZE, TEMPLATE
from edgegate.vision.packs import sha256_of
from edgegate.vision.preprocess import similarity, warp_rgb


@dataclass(frozen=True, slots=True)
class Portrait:
    """`box` and `points` (in the order of `align.ALIGNMENT_POINTS`) were found once, by the packs themselves."""

    package: str
    file: str
    sha256: str
    box: Box
    points: tuple[tuple[float, float], ...]

    @property
    def landmarks(self) -> Points:
        return np.array(self.points, np.float32)


ASTRONAUT = Portrait(
    "skimage",
    "data/astronaut.png",
    "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    Box(171.9, 66.1, 278.5, 172.7),
    ((193.6, 100.6), (212.9, 103.5), (236.7, 104.8), (256.6, 103.9), (222.8, 134.6)),
)
GRACE_HOPPER = Portrait(
    "matplotlib",
    "mpl-data/sample_data/grace_hopper.jpg",
    "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
    Box(164.8, 129.4, 366.9, 331.5),
    ((201.2, 193.1), (240.2, 192.9), (289.7, 190.4), (329.0, 186.6), (267.4, 252.6)),
)


def read(portrait: Portrait) -> Image:
    """The whole picture, BGR; raises EdgegateError if it is not there, or not the one it was."""
    spec = importlib.util.find_spec(portrait.package)
    if spec is None or spec.origin is None:
        raise EdgegateError(f"{portrait.package} is not installed; pip install 'edgegate[demo]'")
    file = Path(spec.origin).parent / portrait.file
    if not file.is_file() or sha256_of(file) != portrait.sha256:
        raise EdgegateError(f"{file} is missing or another picture; install another version of {portrait.package}")
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise EdgegateError(f"{file} cannot be read as a picture; reinstall {portrait.package}")
    return np.asarray(image, np.uint8)


def varied_chips(count: int, seed: int) -> Iterator[Image]:
    """(150, 150, 3) RGB chips of both portraits in turn, as cameras, light and distance could have made them."""
    rng = np.random.default_rng(seed)
    portraits = [(read(portrait), portrait.landmarks) for portrait in (ASTRONAUT, GRACE_HOPPER)]
    for index in range(count):
        image, points = portraits[index % len(portraits)]
        chip = warp_rgb(image, jittered(similarity(points, TEMPLATE), rng), CHIP_SIZE)
        chip = blurred(chip, rng)
        yield relit(chip[:, ::-1] if rng.random() < 0.5 else chip, rng)


def jittered(matrix: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """The alignment a few pixels, degrees and percent off."""
    middle = (CHIP_SIZE / 2, CHIP_SIZE / 2)
    turn = cv2.getRotationMatrix2D(middle, rng.uniform(-8, 8), rng.uniform(0.9, 1.1))
    combined = np.asarray(turn[:, :2] @ matrix, np.float64)
    combined[:, 2] += turn[:, 2] + rng.uniform(-5, 5, 2)
    return combined


def blurred(chip: Image, rng: np.random.Generator) -> Image:
    """As seen from further away: down to as few as 40 pixels across, and up again."""
    size = int(rng.uniform(40, CHIP_SIZE))
    small = cv2.resize(chip, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (CHIP_SIZE, CHIP_SIZE), interpolation=cv2.INTER_LINEAR), np.uint8)


def relit(chip: Image, rng: np.random.Generator) -> Image:
    """Another exposure, contrast and white balance, and a sensor's noise."""
    exposure, gamma = rng.uniform(0.4, 1.5), rng.uniform(0.7, 1.4)
    balance = rng.uniform(0.85, 1.15, 3)
    light = 255 * (chip / 255) ** gamma * exposure * balance
    noisy = light + rng.normal(0, rng.uniform(0, 10), chip.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
