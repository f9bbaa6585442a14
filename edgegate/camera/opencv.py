"""OpenCV's way to open a camera or a video: quietly, and never waiting longer for a frame than two seconds.

OpenCV reads both environment variables when its first capture is opened, not when it is imported, so that this
is early enough. A value that is already set, by somebody looking for a fault, is kept.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import cv2

_ENVIRONMENT = {
    "OPENCV_FFMPEG_LOGLEVEL": "-8",  # AV_LOG_QUIET: what FFmpeg has to say is told by our own errors
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "2",  # whole seconds; OpenCV's own 10 would hide a stalled camera
}
_ERRORS_ONLY = 2  # cv::utils::logging::LOG_LEVEL_ERROR
# The name moved between 4.11 and 4.14. $OPENCV_LOG_LEVEL is no way: it is read when cv2 is imported.
_set_log_level: Callable[[int], object] = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel


_FFMPEG_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_opening = threading.Lock()


def open_capture(
    source: str, backend: int, params: Sequence[int] = (), ffmpeg_options: Mapping[str, str] | None = None
) -> cv2.VideoCapture:
    """Open `source` with one backend and no other; the caller asks `isOpened()`.

    `ffmpeg_options` hold for this capture alone.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    _set_log_level(_ERRORS_ONLY)
    with _options(ffmpeg_options or {}):
        return cv2.VideoCapture(source, backend, params)


@contextmanager
def _options(options: Mapping[str, str]) -> Iterator[None]:
    """OpenCV takes FFmpeg's options from the environment, again for each capture, and from nowhere else."""
    if not options or _FFMPEG_OPTIONS in os.environ:
        yield
        return
    with _opening:
        os.environ[_FFMPEG_OPTIONS] = "|".join(f"{key};{value}" for key, value in options.items())
        try:
            yield
        finally:
            del os.environ[_FFMPEG_OPTIONS]
