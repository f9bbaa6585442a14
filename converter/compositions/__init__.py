"""Training data that needs no photographer: the demo's enrolled person, strangers and empty scenes, composed.

Class 1 is Eileen Collins, of whom there is one portrait. Strangers are drawn from it too (see `strangers`), and half of
them wear her hair and suit: it is her face that must tell. Grace Hopper, the demo's stranger, is in none of it. No
stranger, photo or drawn wall is in two splits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from converter.compositions.backgrounds import Backgrounds
from converter.compositions.people import Variation, Wardrobe, enrolled_face, stranger_faces
from converter.compositions.picture import SIZE, Picture, developed, place
from converter.data.dataset import UNKNOWN, Dataset, Sample, Split, load_dataset, writing
from edgegate.demo.portraits import ASTRONAUT

SHARES: Mapping[Split, float] = {"train": 0.70, "valid": 0.15, "test": 0.15}
KINDS = ("enrolled", "stranger", "enrolled", "stranger", "empty")
"""The subjects of the pictures, in turn."""

TINTED = {"enrolled": 0.25, "stranger": 0.6}
"""Share of faces in some skin's colour and not the enrolled one's own: it counts for something, and is no proof."""


@dataclass(frozen=True)
class _Cast:
    """The people and things that pictures of one split may show."""

    backgrounds: Backgrounds
    strangers: tuple[tuple[str, Picture], ...]
    enrolled: Picture
    wardrobe: Wardrobe


def write_compositions(
    folder: Path, count: int, seed: int, progress: Callable[[Iterable[int]], Iterable[int]] = iter
) -> Dataset:
    """Compose `count` JPEGs of 320 × 240 into a new dataset at `folder`; the same seed gives the same bytes.

    `group` says who is before what, `camera` is None. Raises UsageError where scikit-image is not installed or
    `folder` is there already.
    """
    casts = _casts()
    splits = [split for split, share in SHARES.items() for _ in range(round(count * share))]
    with writing(folder, (UNKNOWN, ASTRONAUT.person), seed) as writer:
        for index in progress(range(len(splits))):
            split = splits[index]
            sample, content = _compose(index, casts[split], np.random.default_rng((seed, index)))
            writer.add(split, sample, content, ".jpg")
    return load_dataset(folder)


def _casts() -> dict[Split, _Cast]:
    wardrobe, enrolled = Wardrobe(ASTRONAUT.cut_out()), enrolled_face()
    strangers = dict(_dealt(stranger_faces()))
    return {split: _Cast(Backgrounds(split), strangers[split], enrolled, wardrobe) for split in SHARES}


def _dealt(faces: list[tuple[str, Picture]]) -> Iterator[tuple[Split, tuple[tuple[str, Picture], ...]]]:
    start = 0.0
    for split, share in SHARES.items():
        first, last = round(start * len(faces)), round((start + share) * len(faces))
        yield split, tuple(faces[first:last])
        start += share


def _compose(index: int, cast: _Cast, rng: np.random.Generator) -> tuple[Sample, bytes]:
    kind = KINDS[index % len(KINDS)]
    scene, picture = cast.backgrounds.draw(rng)
    who, box = "nobody", None
    if kind != "empty":
        look = Variation.drawn(rng, tinted=TINTED[kind])
        who, face = ("enrolled", cast.enrolled) if kind == "enrolled" else _pick(cast.strangers, rng)
        box = place(picture, cast.wardrobe.dress(face, look, rng), rng)
    quality = int(rng.integers(60, 96))
    _, content = cv2.imencode(".jpg", developed(picture, rng), [cv2.IMWRITE_JPEG_QUALITY, quality])
    unit = None if box is None else (box.x1 / SIZE[0], box.y1 / SIZE[1], box.x2 / SIZE[0], box.y2 / SIZE[1])
    label = 1 if kind == "enrolled" else 0
    return Sample(Path(kind), label, unit, f"{who} before {scene}"), content.tobytes()


def _pick(faces: tuple[tuple[str, Picture], ...], rng: np.random.Generator) -> tuple[str, Picture]:
    return faces[int(rng.integers(len(faces)))]
