"""Video files, written frame by frame, that appear only when they are complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from edgegate.camera.opencv import open_capture
from edgegate.errors import EdgegateError, UsageError
from edgegate.system import output_files
from edgegate.system.output_files import complete
from edgegate.system.quiet import quiet
from edgegate.types import Image

CODECS = {".webm": "VP80", ".mp4": "vp09"}
"""The formats that OpenCV's wheels write and browsers play. Milliseconds a 640×480 frame: VP8 in .webm 12 to 65,
VP9 in .mp4 60 to 400, most where the picture is noisy, and half as large. The wheels have no encoder for H.264 or AV1;
they write MPEG-4 Part 2, their usual .mp4, and MJPEG, but no browser plays either."""

EXACT = "MJPG"
"""For an .avi that is to be read again, and not to be played: it keeps faces as they are, and is large."""

_MISSING_FRAMES = 2  # containers that only know their duration are off by one


def check(path: Path) -> None:
    """Raises UsageError for a name that no video can be written to: a suffix not in CODECS, a device, a FIFO."""
    if path.suffix.lower() not in CODECS:
        raise UsageError(f"{path}: no video that a browser plays; name it {' or '.join('*' + one for one in CODECS)}")
    output_files.check(path)
    if output_files.goes_through(path):
        raise UsageError(f"{path}: a video is written back and forth, which only a regular file allows; name one")


@contextmanager
def video_file(
    path: Path, size: tuple[int, int], fps: float, codec: str | None = None
) -> Iterator[Callable[[Image], object]]:
    """A function that adds a frame (uint8 BGR, `size` = width and height) to the video at `path`.

    `codec`: another than what `path` asks for, such as EXACT. The file appears when the
    block ends well. Raises UsageError as `check` does or where the folder cannot be written to, and EdgegateError when
    frames were lost, as on a full disk.
    """
    if codec is None:
        check(path)
        codec = CODECS[path.suffix.lower()]
    with complete(path) as draft:
        file = draft.absolute()  # FFmpeg takes it for none of its protocols
        writer = _open(file, codec, size, fps)
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
        if _frames_in(file) < frames - _MISSING_FRAMES:
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
