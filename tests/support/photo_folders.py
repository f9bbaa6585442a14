"""Folders of photos, for measuring on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from edgegate.demo.portraits import DemoPortrait


def save_photos(folder: Path, portrait: DemoPortrait, lights: Sequence[float]) -> None:
    folder.mkdir(parents=True)
    image = cv2.imread(str(portrait.file))
    assert image is not None
    for number, light in enumerate(lights):
        picture = np.clip(image * light, 0, 255).astype(np.uint8)
        assert cv2.imwrite(str(folder / f"{folder.name}_{number}.png"), picture)
