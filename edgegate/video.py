"""Video files, written frame by frame, that appear only when they are complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from edgegate.camera.opencv import open_capture
from edgegate.errors import EdgegateError, UsageError
from edgegate.output import complete
from edgegate.quiet import quiet
from edgegate.types import Image

CODECS = {".mp4": "mp4v", ".webm": "VP80", ".avi": "MJPG"}
"""What OpenCV's wheels can write in which container. Milliseconds a 640×480 frame on a laptop core: MPEG-4 Part 2 in
.mp4 takes 2 (players show it, browsers do not), VP8 in .webm 30 (browsers play it), MJPEG in .avi 3 (large, and keeps
every frame as it is). VP9 would take 200 to 400, and the wheels have no encoder for H.264 or AV1."""

_MISSING_FRAMES = 2  # containers that only know their duration are off by one


@contextmanager
def video_file(path: Path, size: tuple[int, int], fps: float) -> Iterator[Callable[[Image], object]]:
    """A function that adds a frame (uint8 BGR, `size` = width and height) to the video at `path`.

    The file appears when the block ends well. Raises UsageError for a suffix that is not in CODECS or a folder that
    cannot be written to, and EdgegateError when frames were lost, as on a full disk.
    """
    codec = CODECS.get(path.suffix.lower())
    if codec is None:
        raise UsageError(f"{path}: no video format; name it {', '.join('*' + suffix for suffix in CODECS)}")
    with complete(path) as draft:
        writer = _open(draft, codec, size, fps)
        if not writer.isOpened():
            raise EdgegateError(f"{path}: OpenCV {cv2.__version__} cannot write {codec}; try another of {[*CODECS]}")
        frames = 0

        def write(image: Image) -> None:
            nonlocal frames
            frames += 1
            writer.write(image)

        try:
            yield write
        finally:
            writer.release()
        if _frames_in(draft) < frames - _MISSING_FRAMES:
            raise EdgegateError(f"{path}: the video could not be written to its end: is the disk full?")


def _open(path: Path, codec: str, size: tuple[int, int], fps: float) -> cv2.VideoWriter:
    with quiet():  # FFmpeg remarks that .webm knows no FourCC codes
        return cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), fps, size)


def _frames_in(path: Path) -> int:
    with quiet():
        capture = open_capture(str(path), cv2.CAP_FFMPEG)
    try:
        return round(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
    finally:
        capture.release()
