"""Groups of pictures from one capture session: by name, and by looking nearly the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from converter.data.compact import UnitBox
from edgegate.types import Image

MAX_BITS = 16
"""Two pictures are nearly the same when their hashes of 256 bits differ in at most this many …"""

MAX_GREY = 6.0
"""… and their thumbnails by at most this many grey levels on average, brightness apart."""

_SIDE = 16
_BATCH = 512


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """The picture, and the part in its box: by a fixed camera, everybody's pictures look the same but for that part.

    `bits` are ±1, float32 (2, 256); `greys` are thumbnails, float32 (2, 256), brightness removed.
    """

    bits: npt.NDArray[np.float32]
    greys: npt.NDArray[np.float32]


def shooting(image: Path, root: Path) -> str:
    """Returns what a file's name says: its folder below `root`, and the name up to the frame number.

    >>> shooting(Path("photos/anna/monday_0012.jpg"), Path("photos"))
    'anna/monday'
    """
    stem = re.sub(r"[\s_.-]*\(?\d+\)?$", "", image.stem)
    folder = image.parent.relative_to(root) if image.is_relative_to(root) else Path(image.parent.name)
    return (folder / stem).as_posix()


def fingerprint(image: Image, box: UnitBox | None) -> Fingerprint:
    """Difference hashes (dHash: is a pixel brighter than its left neighbour?) of 16x16 thumbnails."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    views = [_thumbnail(np.asarray(part, np.uint8)) for part in (grey, _part(np.asarray(grey, np.uint8), box))]
    bits = [np.where(view[:, 1:] > view[:, :-1], np.float32(1), np.float32(-1)).ravel() for view in views]
    greys = [(view[:, 1:] - view[:, 1:].mean()).ravel() for view in views]
    return Fingerprint(np.stack(bits), np.stack(greys).astype(np.float32))


def near_duplicates(fingerprints: Sequence[Fingerprint]) -> Iterator[tuple[int, int]]:
    """Pairs (i, j), i < j, of pictures that look nearly the same, as a whole and in their boxes."""
    if not fingerprints:
        return
    bits = np.stack([one.bits for one in fingerprints])
    whole, part = bits[:, 0], bits[:, 1]
    for start in range(0, len(bits), _BATCH):
        rows = slice(start, start + _BATCH)
        # Of vectors of ±1, the dot product is the length less twice the number of differences.
        alike = (whole[rows] @ whole.T >= 256 - 2 * MAX_BITS) & (part[rows] @ part.T >= 256 - 2 * MAX_BITS)
        for i, j in zip(*(axis.tolist() for axis in alike.nonzero()), strict=True):
            if start + i < j and _same_greys(fingerprints[start + i], fingerprints[j]):
                yield start + i, j


def merged(groups: Sequence[str], pairs: Iterable[tuple[int, int]]) -> list[str]:
    """The groups, those that a pair connects made one: under the name that comes first in the alphabet."""
    parent = {name: name for name in groups}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = name = parent[parent[name]]
        return name

    for i, j in pairs:
        low, high = sorted((root(groups[i]), root(groups[j])))
        parent[high] = low
    return [root(name) for name in groups]


def _part(grey: npt.NDArray[np.uint8], box: UnitBox | None) -> npt.NDArray[np.uint8]:
    if box is None:
        return grey
    height, width = grey.shape
    left, top = int(box[0] * width), int(box[1] * height)
    return grey[top : max(top + 1, int(box[3] * height)), left : max(left + 1, int(box[2] * width))]


def _thumbnail(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.resize(grey, (_SIDE + 1, _SIDE), interpolation=cv2.INTER_AREA), np.float32)


def _same_greys(one: Fingerprint, other: Fingerprint) -> bool:
    return bool((np.abs(one.greys - other.greys).mean(axis=1) <= MAX_GREY).all())
