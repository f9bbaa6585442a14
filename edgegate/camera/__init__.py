"""Camera sources behind one interface, chosen by `[camera] source`. Each stamps `Frame.at` as early as it can."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias

from edgegate import config
from edgegate.camera.address import SCHEME, is_unverified, shown
from edgegate.camera.health import CameraHealth
from edgegate.camera.picamera import PiCamera
from edgegate.camera.recording import Paced, Recording
from edgegate.camera.rtsp import Rtsp
from edgegate.camera.v4l2 import V4L2
from edgegate.clock import Clock
from edgegate.errors import CameraError, UsageError
from edgegate.events.vocabulary import CameraFault
from edgegate.types import Frame

__all__ = [
    "V4L2",
    "CameraHealth",
    "Paced",
    "PiCamera",
    "Recording",
    "Rtsp",
    "Source",
    "health_of",
    "is_network",
    "is_recording",
    "is_unverified",
    "open_source",
    "shown",
]


class Source(Protocol):
    """A source of frames. It is open when constructed, and read by one thread."""

    def read(self) -> Frame | None:
        """The next frame; None when there will be no more, which only recordings say.

        Waits for it, a few seconds at most unless a driver hangs. Raises CameraError when the device went away:
        then close this source and open a new one.
        """

    def describe(self) -> str:
        """One line on what this is and what it gives."""

    def close(self) -> None:
        """Give the device back."""


NETWORK_FROZEN_SECONDS = 30.0
"""An encoder may repeat a still, dark picture exactly until its next key frame, 10 seconds later with some."""

Opener: TypeAlias = Callable[[config.CameraSettings, Clock, threading.Event], Source]


def _picamera(settings: config.CameraSettings, _clock: Clock, _stopping: threading.Event) -> Source:
    return PiCamera(settings)


def _v4l2(settings: config.CameraSettings, clock: Clock, _stopping: threading.Event) -> Source:
    return V4L2(settings, clock)


def _stream(settings: config.CameraSettings, clock: Clock, _stopping: threading.Event) -> Source:
    return Rtsp(settings, clock)


def _recording(settings: config.CameraSettings, clock: Clock, stopping: threading.Event) -> Source:
    try:
        return Paced(Recording(Path(settings.source)), clock, stopping)
    except UsageError as error:  # what is not there now may come, as with any other camera
        raise CameraError(str(error), CameraFault.UNPLUGGED) from None


_OPENERS: tuple[tuple[str, Opener], ...] = (
    (r"picamera", _picamera),
    (r"/dev/.+", _v4l2),
    (SCHEME.pattern, _stream),
    (r".+", _recording),
)


def is_recording(settings: config.CameraSettings) -> bool:
    """True if `source` is a file, of which neither a still picture nor a long wait means anything."""
    return _opener(settings) is _recording


def is_network(settings: config.CameraSettings) -> bool:
    """True if `source` is a stream, whose encoder may repeat a still picture exactly."""
    return _opener(settings) is _stream


def health_of(settings: config.CameraSettings) -> CameraHealth:
    """The rules by which this camera counts as stalled or frozen."""
    if is_recording(settings):
        return CameraHealth(settings.stall_seconds)
    usual = NETWORK_FROZEN_SECONDS if is_network(settings) else settings.stall_seconds
    return CameraHealth(settings.stall_seconds, settings.frozen_seconds or usual)


def _opener(settings: config.CameraSettings) -> Opener:
    return next(opener for pattern, opener in _OPENERS if re.fullmatch(pattern, settings.source))


def open_source(settings: config.CameraSettings, clock: Clock, stopping: threading.Event) -> Source:
    """Open what `settings.source` names, for live use: a video file comes at its own pace.

    `stopping` ends the waiting of a source that waits by itself. Raises UsageError for a source that cannot be
    right and CameraError for one that is not there now.
    """
    return _opener(settings)(settings, clock, stopping)
