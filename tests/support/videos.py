"""Small videos, written with OpenCV."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

FPS = 15
SIZE = (160, 120)
_CODECS = {".avi": "MJPG", ".mkv": "mp4v", ".mp4": "mp4v"}


def write_video(path: Path, frames: int = 30, fps: float = FPS) -> Path:
    """A dark room with a bright square that moves 2 pixels a frame; noise, so that frames have some bytes."""
    noise = np.random.default_rng(1)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*_CODECS[path.suffix]), fps, SIZE)
    assert writer.isOpened()
    for number in range(frames):
        image = noise.integers(0, 60, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        image[10:40, 2 * number : 2 * number + 30] = 255
        writer.write(image)
    writer.release()
    return path


def cut(path: Path, share: float) -> Path:
    """A copy of a file that broke off after `share` of its bytes."""
    content = path.read_bytes()
    shorter = path.with_stem("cut")
    shorter.write_bytes(content[: int(len(content) * share)])
    return shorter
