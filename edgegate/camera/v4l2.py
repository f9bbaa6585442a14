"""Cameras that Linux shows as /dev/video…: format and shape checked, frames stamped by the kernel."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from edgegate import config
from edgegate.camera.holders import holders, in_use
from edgegate.camera.opencv import open_capture
from edgegate.clock import Clock
from edgegate.errors import CameraError
from edgegate.events.vocabulary import CameraFault
from edgegate.types import Frame, Image

log = logging.getLogger(__name__)

_UNCOMPRESSED_PIXELS = 640 * 480  # what any USB camera can send uncompressed at a usable rate
_EARLY_SECONDS, _LATE_SECONDS = 0.1, 10.0  # how far a first frame's stamp may lie from now, if it is our clock


class V4L2:
    """A V4L2 device through OpenCV.

    `Frame.at` is the kernel's stamp of the buffer, which is on the monotonic clock for nearly every driver. That
    is judged on the first frame and holds until the device is opened again: judging each frame would take a
    really old one for one of another clock, and call it fresh.

    Raises CameraError when the device cannot be opened, delivers something else than pictures, or goes away.
    """

    def __init__(
        self,
        settings: config.CameraSettings,
        clock: Clock,
        open_capture: Callable[[str, int], cv2.VideoCapture] = open_capture,
    ) -> None:
        self._device = settings.source
        self._clock = clock
        self._seq = 0
        self._stamped = False
        _check_device(self._device)
        self._capture = open_capture(self._device, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            _check_free(self._device)
            raise CameraError(
                f"{self._device}: not a camera that OpenCV can capture from, or in use by another user's program;"
                f" `sudo edgegate check` knows which, `v4l2-ctl -d {self._device} --all` tells what it is"
            )
        self._pixel_format = _negotiate(self._capture, settings)

    def read(self) -> Frame:
        ok, image = self._capture.read()
        now = self._clock.monotonic()
        if not ok:
            _check_device(self._device)  # which says so if it was unplugged
            _check_free(self._device)
            raise CameraError(
                f"{self._device}: no frame came: stalled, or in use by another program", CameraFault.NO_FRAMES
            )
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise CameraError(
                f"{self._device}: frames of shape {image.shape} and type {image.dtype} instead of pictures"
                f" (format {self._pixel_format})"
            )
        frame = Frame(at=self._stamp(now), seq=self._seq, image=cast("Image", image))
        self._seq += 1
        return frame

    def _stamp(self, now: float) -> float:
        # OpenCV: CAP_PROP_POS_MSEC of a V4L2 capture is v4l2_buffer.timestamp of the last buffer dequeued.
        kernel = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if self._seq == 0:
            self._stamped = now - _LATE_SECONDS <= kernel <= now + _EARLY_SECONDS
            if not self._stamped:
                log.warning(
                    "%s: its driver does not stamp frames on the monotonic clock; their age counts from arrival",
                    self._device,
                )
        return min(kernel, now) if self._stamped else now

    def describe(self) -> str:
        width = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        return f"{self._device}, a V4L2 camera giving {width}×{height} {self._pixel_format}"

    def close(self) -> None:
        self._capture.release()


def _negotiate(capture: cv2.VideoCapture, settings: config.CameraSettings) -> str:
    """Ask for a pixel format by name, then for size and rate; the name of the format that was granted.

    Without a format some drivers hand out raw buffers. Small pictures are asked for uncompressed, which is
    sharper and cheaper; larger ones do not fit through USB 2 that way at a usable rate.
    """
    small = settings.width * settings.height <= _UNCOMPRESSED_PIXELS
    for name in ("YUYV", "MJPG") if small else ("MJPG", "YUYV"):
        if capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*name)):
            break
    else:
        raise CameraError(f"{settings.source}: gives neither YUYV nor MJPG pictures; use another camera")
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
    capture.set(cv2.CAP_PROP_FPS, settings.frames_per_second)
    return name


def _check_device(device: str) -> None:
    """Open and close the device ourselves: OpenCV does not tell why it could not."""
    try:
        os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        gone = error.errno in {errno.ENOENT, errno.ENODEV, errno.ENXIO}
        fault = CameraFault.UNPLUGGED if gone else CameraFault.UNUSABLE
        raise CameraError(f"{device}: {way_out(device, error)}", fault) from None


def _check_free(device: str) -> None:
    if others := holders(device):
        raise in_use(device, others)


def way_out(device: str, error: OSError) -> str:
    """Returns why a device cannot be opened, and what to do about it."""
    if error.errno in {errno.ENODEV, errno.ENXIO}:
        return "unplugged: the device is no longer there"
    if isinstance(error, FileNotFoundError):
        present = ", ".join(sorted(str(path) for path in Path(device).parent.glob("video*")))
        return f"no such device; there is {present or 'no camera: is it plugged in?'}"
    if isinstance(error, PermissionError):
        return "permission denied; join its group: `sudo usermod -aG video $USER`, then log in again"
    return f"cannot be opened: {error.strerror}"
