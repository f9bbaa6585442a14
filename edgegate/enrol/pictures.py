"""Pictures as people bring them: photos, folders of photos, videos; and the crop of one that may be kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from edgegate.camera import Recording
from edgegate.errors import UsageError
from edgegate.gallery import MAX_PHOTOS
from edgegate.system.quiet import quiet
from edgegate.types import Box, Frame, Image

PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
VIDEOS = {".mp4", ".mkv", ".avi", ".mov", ".webm"}
LONGEST_SIDE = 1600
"""Larger photos are scaled down to this many pixels first: it loses nothing that a 150-pixel face could show."""

CROP_MARGIN = 2.0
"""The side of a kept crop over the face's box: more than any aligned chip shows, so that every embedder has enough."""

CROP_SIZE = 480
"""Side in pixels of the largest crop that is kept."""

_JPEG_QUALITY = 95


def read_pictures(path: Path) -> Iterator[tuple[str, Image | None]]:
    """The pictures a path stands for, by name: a photo, every photo of a folder, or frames across a video.

    None stands for a file that cannot be read as a picture. Raises UsageError when the path is not there.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such photo")
    if path.is_dir():
        photos = sorted(p for p in path.iterdir() if p.suffix.lower() in PICTURES)
        if not photos:
            raise UsageError(f"{path}: no photos in this folder")
        for photo in photos:
            yield str(photo), read_picture(photo)
    elif path.suffix.lower() in VIDEOS:
        yield from _frames_across(path)
    else:
        yield str(path), read_picture(path)


def read_picture(path: Path) -> Image | None:
    """A picture file in BGR, turned upright if it says how; None if it cannot be read as a picture."""
    try:
        return decode_picture(path.read_bytes())  # not cv2.imread: it cannot read every path there is
    except OSError:
        return None


def decode_picture(content: bytes) -> Image | None:
    """Returns what a picture file holds, as `read_picture` gives it."""
    data = np.frombuffer(content, np.uint8)
    try:
        with quiet():  # libjpeg and libpng remark on damaged files
            image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:  # OpenCV raises for a picture that claims to be enormous
        return None
    return None if image is None else np.asarray(image, np.uint8)


def crop_around(image: Image, box: Box) -> bytes:
    """The face in `box` with a margin, as JPEG; no more of the picture than that."""
    x, y = box.center
    half = CROP_MARGIN * max(box.width, box.height) / 2
    height, width = image.shape[:2]
    left, right = max(0, round(x - half)), min(width, round(x + half))
    top, bottom = max(0, round(y - half)), min(height, round(y + half))
    crop = image[top:bottom, left:right]
    scale = min(1.0, CROP_SIZE / max(crop.shape[:2]))
    if scale < 1:
        crop = np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    _, content = cv2.imencode(".jpg", crop, (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))
    return content.tobytes()


def _frames_across(path: Path) -> Iterator[tuple[str, Image]]:
    """Frames evenly spread over a video: more than a template uses, for some will not be good enough."""
    recording = Recording(path)
    kept: list[Frame] = []
    stride = 1
    try:
        while (frame := recording.read()) is not None:
            if frame.seq % stride == 0:
                kept.append(frame)
            if len(kept) > 4 * MAX_PHOTOS:  # thin out, so that memory stays bounded however long the video is
                kept, stride = kept[::2], stride * 2
    finally:
        recording.close()
    for frame in kept:
        yield f"{path}@{frame.at:.2f}s", frame.image
