"""Recorded videos: frames stamped with the container's own times, and the same video at the pace of a camera."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import cast

import cv2

from edgegate.camera.opencv import open_capture
from edgegate.clock import Clock
from edgegate.errors import CameraError, UsageError
from edgegate.types import Frame, Image

# One decoding thread: error concealment stays the same from run to run, and the cores are left to the models.
_ONE_THREAD = (cv2.CAP_PROP_N_THREADS, 1)
_USUAL_FPS = 25.0  # what FFmpeg assumes of a stream without times
_TOLERATED_SECONDS = 0.25  # containers count a cut-off first frame, or a longer sound track, as video
_TOLERATED_FRAMES = 2


class Recording:
    """A video file, decoded by FFmpeg. `Frame.at` is seconds since its first frame, and never goes back.

    Raises UsageError if there is no such file and CameraError if it holds no video that can be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        _check_readable(path)
        # An absolute path cannot be mistaken for one of FFmpeg's protocols ("concat:…").
        self._capture = open_capture(str(path.resolve()), cv2.CAP_FFMPEG, _ONE_THREAD)
        if not self._capture.isOpened():
            raise CameraError(f"{path}: no video that can be read: damaged, or cut off before its index")
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if fps > 0 else _USUAL_FPS
        """Frames per second, on average."""
        self.expected_frames = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        """The number of frames that the container announces, give or take a few; 0 if it does not say."""
        self.size = (
            int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )
        """Width and height in pixels."""
        self.ended_early = False
        """After the last frame: the file broke off clearly before the end its container announces."""
        self._seq = 0
        self._start = self._at = self._last_pts = 0.0

    def read(self) -> Frame | None:
        """The next frame, or None at the end."""
        ok, image = self._capture.read()
        if not ok:
            if self._seq == 0:
                raise CameraError(f"{self._path}: not one frame can be decoded: the video is damaged")
            self.ended_early = self._breaks_off()
            return None
        self._at = self._time_of_this_frame()
        self._last_pts = self._capture.get(cv2.CAP_PROP_PTS)
        frame = Frame(at=self._at, seq=self._seq, image=cast("Image", image))
        self._seq += 1
        return frame

    def _time_of_this_frame(self) -> float:
        stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000  # of the frame just read, not of the next
        if self._seq == 0:
            self._start = stamp
            return 0.0
        at = round(stamp - self._start, 6)
        # Bare streams carry no times, and broken ones run backwards: then the frame rate is all there is.
        return at if at > self._at else round(self._at + 1 / self.fps, 6)

    def _breaks_off(self) -> bool:
        """True if both frames and time are missing: alone, either is normal where frame times vary."""
        if self.expected_frames == 0:
            return False
        frames_missing = self.expected_frames - self._seq
        time_missing = self.expected_frames - (self._last_pts + 1)  # in frames, as OpenCV counts PTS
        return min(frames_missing, time_missing) > max(_TOLERATED_FRAMES, _TOLERATED_SECONDS * self.fps)

    def describe(self) -> str:
        width, height = self.size
        return f"{self._path}, a recording of {width}×{height} at {self.fps:g} frames a second"

    def close(self) -> None:
        self._capture.release()


class Paced:
    """A recording that behaves like a camera: each frame comes when it is due, stamped with the clock's time.

    A reader that is late gets old frames, which are old by their stamp too. Setting `stopping` ends the wait for
    the next frame, and with it the source.
    """

    def __init__(self, recording: Recording, clock: Clock, stopping: threading.Event) -> None:
        self._recording = recording
        self._clock = clock
        self._stopping = stopping
        self._start: float | None = None

    def read(self) -> Frame | None:
        frame = self._recording.read()
        if frame is None:
            return None
        if self._start is None:
            self._start = self._clock.monotonic()
        due = self._start + frame.at
        if self._stopping.wait(max(0.0, due - self._clock.monotonic())):
            return None
        return replace(frame, at=due)

    def describe(self) -> str:
        return self._recording.describe()

    def close(self) -> None:
        self._recording.close()


def _check_readable(path: Path) -> None:
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise CameraError(f"{path}: the file is empty")
    except FileNotFoundError:
        raise UsageError(f"{path}: no such video") from None
    except IsADirectoryError:
        raise UsageError(f"{path}: a folder, not a video") from None
    except OSError as error:
        raise CameraError(f"{path}: cannot be read: {error.strerror}") from None
