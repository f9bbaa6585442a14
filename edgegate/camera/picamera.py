"""The Raspberry Pi's own camera through picamera2: a main and a small stream, stamped by the sensor."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import cv2

from edgegate import config
from edgegate.camera.holders import Holder, devices, holders, in_use
from edgegate.clock import boottime_to_monotonic
from edgegate.errors import CameraError
from edgegate.events.vocabulary import CameraFault
from edgegate.types import Frame, Image

_PREVIEW_WIDTH = 320
_TIMEOUT_SECONDS = 2.0  # for one frame; picamera2 before 0.3.18 waits for ever, which `Capture.hung` ends
# picamera2 and libcamera's binding: IndexError for no camera, RuntimeError for a busy or a lost one, …
_CAMERA_FAULTS = (RuntimeError, IndexError, OSError, ValueError)


class PiCamera:
    """A camera on the CSI connector.

    `image` comes from the main stream and `preview`, 320 pixels wide, from the lores stream, which the image
    processor scales for nothing. `Frame.at` is when the sensor exposed the first row.

    Raises CameraError when picamera2 or the camera is missing, busy, or goes away.
    """

    def __init__(
        self,
        settings: config.CameraSettings,
        picamera2: Callable[[], Any] | None = None,
        to_monotonic: Callable[[float], float] = boottime_to_monotonic,
        others: Callable[[], tuple[Holder, ...]] = lambda: holders(*devices("picamera")),
    ) -> None:
        self._to_monotonic = to_monotonic
        self._seq = 0
        try:
            self._camera = (picamera2 or _import_picamera2())()
        except _CAMERA_FAULTS as error:
            if _is_busy(error):
                raise in_use("picamera", others()) from None
            raise CameraError(
                f"picamera: no camera can be opened ({error}); check its ribbon cable and"
                " `rpicam-hello --list-cameras`",
                CameraFault.UNPLUGGED,
            ) from None
        try:
            self._start(settings)
        except _CAMERA_FAULTS as error:
            self.close()
            raise CameraError(f"picamera: the camera does not start: {error}") from None

    def _start(self, settings: config.CameraSettings) -> None:
        interval = round(1_000_000 / settings.frames_per_second)  # microseconds
        self._camera.configure(
            self._camera.create_video_configuration(
                main={"size": (settings.width, settings.height), "format": "RGB888"},
                lores={"size": preview_size(settings.width, settings.height), "format": "YUV420"},
                controls={"FrameDurationLimits": (interval, interval)},
                buffer_count=4,
            )
        )
        granted = self._camera.camera_configuration()
        self._size = granted["main"]["size"]
        self._preview_width = granted["lores"]["size"][0]
        self._camera.start()

    def read(self) -> Frame:
        try:
            request = self._camera.capture_request(wait=_TIMEOUT_SECONDS)
            try:
                image = request.make_array("main")  # picamera2's RGB888 is BGR in memory
                lores = request.make_array("lores")
                exposed = request.get_metadata()["SensorTimestamp"]  # nanoseconds, CLOCK_BOOTTIME
            finally:
                request.release()  # both arrays are copies; with no buffer to fill the camera would stop
        except _CAMERA_FAULTS as error:
            raise CameraError(f"picamera: no frame came: {str(error) or 'timed out'}", CameraFault.NO_FRAMES) from None
        at = self._to_monotonic(exposed / 1e9)
        frame = Frame(at=at, seq=self._seq, image=image, preview=_preview(lores, self._preview_width))
        self._seq += 1
        return frame

    def describe(self) -> str:
        width, height = self._size
        return f"picamera, a Raspberry Pi camera giving {width}×{height}"

    def close(self) -> None:
        for step in (self._camera.stop, self._camera.close):
            with suppress(*_CAMERA_FAULTS):  # a camera that went away can refuse, and is gone all the same
                step()


def preview_size(width: int, height: int) -> tuple[int, int]:
    """The lores stream's size for a main stream: its shape, at most 320 wide, even as YUV 4:2:0 needs it."""
    preview = min(_PREVIEW_WIDTH, width)
    return preview // 2 * 2, round(preview * height / width / 2) * 2


def _is_busy(error: BaseException | None) -> bool:
    """True if libcamera was told EBUSY; picamera2 raises an error of its own words meanwhile, after that one."""
    while error is not None:
        if os.strerror(errno.EBUSY) in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _preview(yuv: Image, width: int) -> Image:
    """BGR from planar YUV 4:2:0; its rows are padded to what the hardware likes, which is cropped off."""
    return cast("Image", cv2.cvtColor(yuv, cv2.COLOR_YUV2BGR_I420)[:, :width])


def _import_picamera2() -> Callable[[], Any]:
    try:
        from picamera2 import Picamera2  # noqa: PLC0415  only a Raspberry Pi has it
    except ImportError as error:
        raise CameraError(
            f"picamera: picamera2 cannot be imported ({error}); `sudo apt install python3-picamera2`,"
            " and make the virtual environment with --system-site-packages"
        ) from None
    return cast("Callable[[], Any]", Picamera2)
