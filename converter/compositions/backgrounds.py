"""The backgrounds behind people: photos that scikit-image carries, drawn walls, and the demo's corridor."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from converter.compositions.picture import SIZE, Picture
from converter.data.dataset import Split
from edgegate.demo.backdrop import corridor
from edgegate.errors import UsageError
from edgegate.system.quiet import quiet

PHOTOS: Mapping[Split, tuple[str, ...]] = {
    "train": ("motorcycle_left.png", "rocket.jpg", "chelsea.png", "brick.png", "gravel.png", "ihc.png", "coins.png"),
    "valid": ("grass.png", "retina.jpg", "page.png"),
    "test": ("coffee.png", "hubble_deep_field.jpg", "text.png"),
}
"""Faceless pictures below `skimage/data`; two of one scene are never in two splits."""

DRAWN = 0.5
"""Share of the scenes that are drawn walls."""

CORRIDOR = 0.15
"""Share of training's scenes that are the demo's corridor, as a door's own empty scene would be in its training."""


class Backgrounds:
    """The scenes of one split."""

    def __init__(self, split: Split) -> None:
        self._photos = {name: _read(name) for name in PHOTOS[split]}
        self._corridor = corridor() if split == "train" else None
        self._split = split

    def draw(self, rng: np.random.Generator) -> tuple[str, Picture]:
        """A name of what was taken, and its own copy (240, 320, 3) to paint on."""
        kind = rng.random()
        if self._corridor is not None and kind < CORRIDOR:
            return "corridor", _crop(self._corridor, rng, least=0.8)
        if kind < DRAWN + CORRIDOR:
            return f"{self._split} wall", wall(rng)
        name = str(rng.choice(list(self._photos)))
        return name, _crop(self._photos[name], rng, least=0.35)


def wall(rng: np.random.Generator) -> Picture:
    """A wall in uneven light with doors, frames, stripes and blobs on it, and a grain."""
    width, height = SIZE
    coarse = rng.uniform(30, 225, 3) + rng.normal(0, 18, (3, 4, 3))
    picture = np.asarray(cv2.resize(coarse.astype(np.float32), SIZE, interpolation=cv2.INTER_CUBIC), np.float32)
    for _ in range(int(rng.integers(0, 9))):
        colour = np.clip(rng.uniform(0, 255, 3), 0, 255).tolist()
        x1, x2 = sorted(rng.integers(0, width, 2).tolist())
        y1, y2 = sorted(rng.integers(0, height, 2).tolist())
        if rng.random() < 0.6:
            cv2.rectangle(picture, (x1, y1), (x2, y2), colour, int(rng.choice((-1, -1, 2, 5))))
        elif rng.random() < 0.5:
            cv2.line(picture, (x1, y1), (x2, y2), colour, int(rng.integers(1, 12)))
        else:
            axes = (max(2, (x2 - x1) // 3), max(2, (y2 - y1) // 3))
            cv2.ellipse(picture, ((x1 + x2) // 2, (y1 + y2) // 2), axes, rng.uniform(0, 180), 0, 360, colour, -1)
    soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 2.5))
    grain = cv2.resize(rng.normal(0, rng.uniform(0, 12), (height // 2, width // 2, 1)).astype(np.float32), SIZE)
    return np.asarray(soft + np.asarray(grain, np.float32)[..., None], np.float32)


def _crop(image: Picture, rng: np.random.Generator, least: float) -> Picture:
    """A part of 4:3, at least so much of the picture's larger fitting one, perhaps mirrored."""
    height, width = image.shape[:2]
    whole = min(width, height * 4 / 3)
    across = whole * rng.uniform(least, 1)
    left, top = rng.uniform(0, width - across), rng.uniform(0, height - across * 3 / 4)
    part = image[int(top) : int(top + across * 3 / 4), int(left) : int(left + across)]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    shrinks = across > SIZE[0]
    return np.asarray(cv2.resize(part, SIZE, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.float32)


def _read(name: str) -> Picture:
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise UsageError("compositions need the photos of scikit-image: from a clone, pip install '.[demo]'")
    file = Path(spec.origin).parent / "data" / name
    with quiet():  # libpng remarks on colour profiles
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise UsageError(f"{file}: is not there, or no picture; install another version of scikit-image")
    return np.asarray(image, np.float32)
