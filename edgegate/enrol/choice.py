"""The choice of somebody's photos to keep: those of one person, the best, and no two that are much the same. Pure.

Whether two pictures show the same person is asked of the pack's table too, but for the other error than at the door:
a photo is refused when strangers score as much. How much that is depends on where the photos are from, for strangers
before one camera share its light and background, and score higher than those in photos from anywhere:

- Photos: at most 1 % of strangers pass, by the data set with the lowest threshold.
- One camera in one go: at most 10 %, by the data set with the highest. Nobody walks into such a session unseen.
- Another look of somebody enrolled, such as a mask: at most 10 %, by the lowest. A mask hides more than it changes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgegate.gallery import MAX_PHOTOS, Person, Photo
from edgegate.recognition.thresholds import Table
from edgegate.types import Embedding
from edgegate.vision.pooling import pool

PHOTO_RATE, CAMERA_RATE, LOOK_RATE = 0.01, 0.1, 0.1

MUCH_THE_SAME = 0.995
"""Cosine from which one photo says nothing that the other does not: noise and light alone come to 0.998."""

_NOVEL = 0.03
"""One minus the cosine of what is different enough: beyond, quality alone counts. Two occasions differ by 0.04."""


class Sameness:
    """The cosine that a face must have with the mean of `photos` others to be of the same person, by the table."""

    def __init__(self, table: Table) -> None:
        self._sets = tuple(table.by_data().values())

    def of_photos(self, photos: int) -> float:
        return min(self._thresholds(photos, PHOTO_RATE))

    def of_one_camera(self, photos: int) -> float:
        return max(self._thresholds(photos, CAMERA_RATE))

    def of_looks(self, photos: int) -> float:
        return min(self._thresholds(photos, LOOK_RATE))

    def _thresholds(self, photos: int, rate: float) -> list[float]:
        return [table.threshold(photos, 1, rate).value for table in self._sets]


def strangers(photos: Sequence[Photo], known: Person | None, sameness: Sameness) -> set[int]:
    """Returns which of the photos, all of one look, are not of the person: by index.

    Where `known` has photos of this look each is compared with these, else all with one another; a new look is
    compared with the others of `known` besides. Of two that differ, with nobody to ask, neither is taken.
    """
    mine = [photo for photo in known.photos if photo.look == photos[0].look] if known and photos else []
    if mine:
        return {i for i, photo in enumerate(photos) if _like(photo, mine) < sameness.of_photos(len(mine[:MAX_PHOTOS]))}
    out = _odd_ones(photos, sameness)
    if known is None or not known.photos:
        return out
    looks = [known.best(look) for look in known.looks()]
    return out | {
        i for i, photo in enumerate(photos) if all(_like(photo, look) < sameness.of_looks(len(look)) for look in looks)
    }


def choose(photos: Sequence[Photo], count: int, before: Sequence[Photo] = ()) -> list[int]:
    """The best photos that differ, by index: at most `count`, each compared with those `before` as well.

    The first is the best; each next one has the most of quality times distance from those chosen.
    """
    chosen: list[int] = []
    left = list(range(len(photos)))
    while left and len(chosen) < count:
        there = [*before, *(photos[i] for i in chosen)]
        left = [i for i in left if i not in chosen and _closest(photos[i], there) < MUCH_THE_SAME]
        if left:
            chosen.append(max(left, key=lambda i: photos[i].quality * min(1 - _closest(photos[i], there), _NOVEL)))
    return sorted(chosen)


def _odd_ones(photos: Sequence[Photo], sameness: Sameness) -> set[int]:
    """Take away the photo that is least like the rest, until all are alike."""
    out: set[int] = set()
    left = list(range(len(photos)))
    while len(left) > 1:
        scores = {i: _like(photos[i], [photos[j] for j in left if j != i]) for i in left}
        worst = min(left, key=lambda i: scores[i])
        if scores[worst] >= sameness.of_photos(len(left) - 1):
            return out
        gone = left if len(left) == 2 else [worst]
        out.update(gone)
        left = [i for i in left if i not in out]
    return out


def _like(photo: Photo, others: Sequence[Photo]) -> float:
    """The cosine of a photo with the mean of others."""
    best = sorted(others, key=lambda other: -other.quality)[:MAX_PHOTOS]
    return float(pool((other.embedding, other.quality) for other in best) @ photo.embedding)


def _closest(photo: Photo, others: Sequence[Photo]) -> float:
    """The cosine with the most similar of others; -1 where there are none."""
    if not others:
        return -1.0
    embeddings: Embedding = np.stack([other.embedding for other in others])
    return float((embeddings @ photo.embedding).max())
