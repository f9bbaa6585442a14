"""The scenes before the guest's camera: stills of the demo's corridor, as the pictures that its projector plays."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edgegate.types import Image
from tests.booted.inside.projector import BUFFERS
from tests.support.door_scenes import NOISE, stills

SHOWN = ("nobody", "enrolled", "stranger")
FROZEN = "frozen-"
"""Before the name of a scene: the same picture for ever, as from a camera that hangs."""


def write(folder: Path) -> Path:
    """Every scene, moving (by its noise) and frozen."""
    noise = np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    for name in SHOWN:
        still = stills()[name]
        grains = [noise.integers(-NOISE, NOISE + 1, still.shape, np.int8) for _ in range(BUFFERS)]
        pictures = [np.asarray(cv2.add(still, grain, dtype=cv2.CV_8U), np.uint8) for grain in grains]
        (folder / f"{name}.yuyv").write_bytes(b"".join(map(_yuyv, pictures)))
        (folder / f"{FROZEN}{name}.yuyv").write_bytes(_yuyv(pictures[0]))
    return folder


def _yuyv(picture: Image) -> bytes:
    """BT.601, every two pixels sharing their colour."""
    yuv = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV), np.uint16)
    colour = (yuv[:, 0::2, 1:] + yuv[:, 1::2, 1:]) // 2
    packed = np.empty((*picture.shape[:2], 2), np.uint8)
    packed[:, :, 0] = yuv[:, :, 0]
    packed[:, 0::2, 1], packed[:, 1::2, 1] = colour[:, :, 0], colour[:, :, 1]
    return packed.tobytes()
