"""The pictures that int8 ranges are measured on: training images, as the daemon would see them."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from converter.data.dataset import Dataset
from edgegate.errors import ModelError, UsageError
from edgegate.types import Image
from edgegate.vision.preprocess import stretch

MIN_PICTURES = 50
"""Below this the ranges depend on which pictures were picked."""

DEFAULT_PICTURES = 200

MIN_CORRELATION = 0.4
"""Of neighbouring pixels. Photographs are above 0.8, grainy ones above 0.5; random numbers are at 0."""


def from_training(
    dataset: Dataset, width: int, count: int = DEFAULT_PICTURES, *, height: int | None = None
) -> list[Image]:
    """Up to `count` training images, evenly over the whole list, each as `stretch` makes it."""
    samples = dataset.splits["train"]
    chosen = np.unique(np.linspace(0, len(samples) - 1, min(count, len(samples))).round().astype(int))
    return [picture(str(samples[index].image), width, height) for index in chosen.tolist()]


def picture(path: str, width: int, height: int | None = None) -> Image:
    """The file as the tracker sees it; raises UsageError where it cannot be read."""
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    if image is None:
        raise UsageError(f"{path}: cannot be read as a picture; prepare the dataset again")
    return stretch(np.asarray(image, np.uint8), width, height)


def checked(pictures: Iterable[Image]) -> list[Image]:
    """The pictures, if ranges may be measured on them.

    Raises ModelError where fewer than MIN_PICTURES differ, or where they are random numbers rather than pictures:
    either gives a model that converts, loads, and is wrong.
    """
    kept = list(pictures)
    different = len({one.tobytes() for one in kept})
    if different < MIN_PICTURES:
        raise ModelError(
            f"int8 calibration needs at least {MIN_PICTURES} different training images, and has {different}; "
            "add photos, or choose float16"
        )
    correlation = float(np.median([_correlation(one) for one in kept]))
    if correlation < MIN_CORRELATION:
        raise ModelError(
            f"int8 calibration on random numbers: neighbouring pixels correlate to {correlation:.2f} only; "
            "use the training images"
        )
    return kept


def _correlation(image: Image) -> float:
    """Of each pixel with the one to its right, 1 for an even surface."""
    grey = image.astype(np.float32).mean(axis=2)
    variance = float(grey.var())
    return 1.0 if variance < 1 else 1 - float(np.diff(grey, axis=1).var()) / (2 * variance)
