"""Alters pictures as cameras, light and postures would, their boxes following; the same seed gives the same bytes.

On the fly:

    augment = Augmenter(seed=7)
    image, box = augment(image, box, epoch, index)
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from converter.data.compact import UnitBox
from converter.data.dataset import SPLITS, Dataset, Sample, Split, load_dataset, writing
from converter.data.pictures import LOSSLESS, encode
from converter.data.problems import DataError, Problem
from edgegate.enrol import read_picture
from edgegate.errors import EdgegateError
from edgegate.system.progress import progress
from edgegate.types import Image

MIN_VISIBLE = 0.7
"""A box must keep this share of its area in the picture …"""

_TRIES = 5  # … within so many draws; else the picture stays as it is, which is rare


@dataclass(frozen=True, slots=True)
class Augmentation:
    """The limit of each alteration, and 0 for not at all; each happens to about half of the pictures."""

    crop: float = 0.35
    """Share of width and height that a crop takes away; the face stays whole and the picture keeps its size."""
    flip: bool = True
    brightness: float = 0.25
    contrast: float = 0.25
    gamma: float = 0.3
    colour: float = 18.0
    """Levels of 255 that red, green and blue are shifted by."""
    rotation: float = 15.0
    """Degrees."""
    blur: float = 1.6
    """Standard deviation in pixels."""
    noise: float = 0.05
    """Standard deviation, as a share of full range."""
    jpeg: int = 70
    """Points that JPEG quality goes down by, from 100."""


class Augmenter:
    """Raises EdgegateError where Albumentations is not installed."""

    def __init__(self, settings: Augmentation | None = None, *, seed: int = 0) -> None:
        self._settings = settings or Augmentation()
        self._seed = seed
        self._compose = _compose(self._settings)

    def __call__(self, image: Image, box: UnitBox | None, *key: int) -> tuple[Image, UnitBox | None]:
        """An RGB picture altered, of the same shape, and where its box is then.

        The result depends on seed, key, picture and box alone: neither on the order of calls nor on the process.
        """
        for attempt in range(_TRIES):
            rng = np.random.default_rng((self._seed, *key, attempt))
            cropped, inner = _cropped(image, box, self._settings.crop, rng)
            # One stream for all: set_random_seed would give each transform the same one, and all would act together.
            self._compose.set_random_state(rng, random.Random(int(rng.integers(2**63))))
            boxes = [] if inner is None else [inner]
            result = self._compose(image=cropped, bboxes=boxes, labels=[0] * len(boxes))
            altered = np.ascontiguousarray(result["image"], np.uint8)
            if box is None:
                return altered, None
            if len(result["bboxes"]):
                x1, y1, x2, y2 = (min(max(float(value), 0.0), 1.0) for value in result["bboxes"][0][:4])
                return altered, (x1, y1, x2, y2)
        return image, box


def augment_dataset(
    dataset: Dataset,
    out: Path,
    *,
    copies: int,
    seed: int = 0,
    settings: Augmentation | None = None,
    splits: tuple[Split, ...] = ("train",),
) -> Dataset:
    """A new dataset: every picture as it is, and in `splits` `copies` altered ones of each too.

    Raises UsageError if `out` is there, DataError for pictures that cannot be read; nothing is written then.
    """
    augment = Augmenter(settings, seed=seed)
    unreadable: list[Problem] = []
    with writing(out, dataset.classes, dataset.seed) as writer:
        for split in SPLITS:
            for number, sample in enumerate(progress(dataset.splits[split], f"augmenting {split}", "picture")):
                image = read_picture(sample.image)
                if image is None:
                    unreadable.append(Problem(sample.image, "it cannot be read as a picture", "make the dataset again"))
                    continue
                writer.add(split, sample)
                for copy in range(copies if split in splits else 0):
                    key = (SPLITS.index(split), number, copy)
                    altered, content, suffix = _altered(augment, sample, image, key)
                    writer.add(split, altered, content, suffix)
        if unreadable:
            raise DataError(unreadable)
    return load_dataset(out)


def _altered(augment: Augmenter, sample: Sample, image: Image, key: tuple[int, ...]) -> tuple[Sample, bytes, str]:
    rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    rgb, box = augment(rgb, sample.box, *key)
    bgr = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8)
    content, suffix = encode(bgr, lossless=sample.image.suffix.lower() in LOSSLESS)
    return Sample(sample.image, sample.label, box, sample.group, sample.camera), content, suffix


def _cropped(image: Image, box: UnitBox | None, most: float, rng: np.random.Generator) -> tuple[Image, UnitBox | None]:
    """A window of the picture's aspect with the whole box in it, scaled to the picture's size."""
    keep = 1 - most * rng.random() * (rng.random() < 0.5)
    shift = rng.random(2)
    if keep == 1 or (box is not None and max(box[2] - box[0], box[3] - box[1]) > keep):
        return image, box
    low_x, low_y, high_x, high_y = box or (1.0, 1.0, 0.0, 0.0)
    corner = [
        float(least + where * (highest - least))
        for where, low, high in zip(shift, (low_x, low_y), (high_x, high_y), strict=True)
        for least, highest in [(max(0.0, high - keep), min(1 - keep, low))]
    ]
    height, width = image.shape[:2]
    matrix = np.array(((1 / keep, 0, -corner[0] * width / keep), (0, 1 / keep, -corner[1] * height / keep)))
    part = np.asarray(cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR), np.uint8)
    if box is None:
        return part, None
    x1, y1, x2, y2 = ((value - corner[axis % 2]) / keep for axis, value in enumerate(box))
    return part, (max(x1, 0.0), max(y1, 0.0), min(x2, 1.0), min(y2, 1.0))


def _compose(settings: Augmentation) -> Any:
    # Albumentations asks the network for its newest version when it is imported, unless told not to.
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    try:
        import albumentations as library  # noqa: PLC0415  (a heavy one, which only this needs)
    except ImportError:
        raise EdgegateError("Albumentations is not installed; from a clone, pip install '.[train]'") from None
    boxes = library.BboxParams("albumentations", label_fields=["labels"], min_visibility=MIN_VISIBLE, clip=True)
    return library.Compose(list(_transforms(library, settings)), bbox_params=boxes)


def _transforms(library: Any, settings: Augmentation) -> Iterator[Any]:
    """In the order in which it happens to a picture: posture, light, lens, sensor, file."""
    if settings.flip:
        yield library.HorizontalFlip(p=0.5)
    if settings.rotation:
        # A face is an ellipse: the box of its turned corners would be too large.
        yield library.Rotate(settings.rotation, rotate_method="ellipse", border_mode=cv2.BORDER_REPLICATE, p=0.5)
    if settings.brightness or settings.contrast:
        yield library.RandomBrightnessContrast(settings.brightness, settings.contrast, p=0.5)
    if settings.gamma:
        yield library.RandomGamma((100 * (1 - settings.gamma), 100 * (1 + settings.gamma)), p=0.5)
    if settings.colour:
        yield library.RGBShift(settings.colour, settings.colour, settings.colour, p=0.5)
    if settings.blur:
        yield library.GaussianBlur(blur_limit=0, sigma_limit=(0.1, settings.blur), p=0.3)
    if settings.noise:
        yield library.GaussNoise(std_range=(0.005, settings.noise), p=0.4)
    if settings.jpeg:
        yield library.ImageCompression(quality_range=(100 - settings.jpeg, 100), p=0.4)
