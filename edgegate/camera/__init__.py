"""Camera sources behind one interface, chosen by `[camera] source`. Each stamps `Frame.at` as early as it can."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias

from edgegate import config
from edgegate.camera.health import CameraHealth
from edgegate.camera.picamera import PiCamera
from edgegate.camera.recording import Paced, Recording
from edgegate.camera.v4l2 import V4L2
from edgegate.clock import Clock
from edgegate.errors import CameraError, UsageError
from edgegate.types import Frame

__all__ = ["V4L2", "CameraHealth", "Paced", "PiCamera", "Recording", "Source", "open_source"]


class Source(Protocol):
    """Where frames come from. It is open when constructed, and read by one thread."""

    def read(self) -> Frame | None:
        """The next frame; None when there will be no more, which only recordings say.

        Waits for it, a few seconds at most unless a driver hangs. Raises CameraError when the device went away:
        then close this source and open a new one.
        """

    def describe(self) -> str:
        """One line on what this is and what it gives."""

    def close(self) -> None:
        """Give the device back."""


Opener: TypeAlias = Callable[[config.Camera, Clock, threading.Event], Source]


def _picamera(settings: config.Camera, _clock: Clock, _stopping: threading.Event) -> Source:
    return PiCamera(settings)


def _v4l2(settings: config.Camera, clock: Clock, _stopping: threading.Event) -> Source:
    return V4L2(settings, clock)


def _stream(settings: config.Camera, _clock: Clock, _stopping: threading.Event) -> Source:
    raise UsageError(
        f"camera.source = {settings.source!r}: network streams (RTSP) are not supported yet;"
        " use `picamera`, a device such as /dev/video0, or a video file"
    )


def _recording(settings: config.Camera, clock: Clock, stopping: threading.Event) -> Source:
    try:
        return Paced(Recording(Path(settings.source)), clock, stopping)
    except UsageError as error:  # what is not there now may come, as with any other camera
        raise CameraError(str(error)) from None


_OPENERS: tuple[tuple[str, Opener], ...] = (
    (r"picamera", _picamera),
    (r"/dev/.+", _v4l2),
    (r"[a-z]+://.*", _stream),
    (r".+", _recording),
)


def open_source(settings: config.Camera, clock: Clock, stopping: threading.Event) -> Source:
    """Open what `settings.source` names, for live use: a video file comes at its own pace.

    `stopping` ends the waiting of a source that waits by itself. Raises UsageError for a source that cannot be
    right and CameraError for one that is not there now.
    """
    opener = next(opener for pattern, opener in _OPENERS if re.fullmatch(pattern, settings.source))
    return opener(settings, clock, stopping)
