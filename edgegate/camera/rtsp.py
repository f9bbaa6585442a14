"""Network cameras, read by RTSP over TCP through FFmpeg: no wait without an end, and no old frame called fresh."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import cv2

from edgegate import config
from edgegate.camera.address import Address, address_in, is_unverified
from edgegate.camera.arrival import Arrivals
from edgegate.camera.opencv import open_capture
from edgegate.camera.refusal import why_not
from edgegate.clock import Clock
from edgegate.errors import CameraError
from edgegate.events.vocabulary import CameraFault
from edgegate.types import Frame, Image

log = logging.getLogger(__name__)

OPEN_SECONDS = 3.0
ANSWER_SECONDS = 1.5
"""The time that a camera that could not be opened has for each answer to the question why."""
READ_SECONDS = 2.0
"""The time that one frame may take: longer than `camera.stall_seconds`, so that a short gap is told before it is mended
by dialling again, which costs a second by itself."""
LATE_SECONDS = 2.0
"""A frame this old is of no use to anybody. When nothing else came for as long, what is queued up between the
camera and here is dropped by dialling again."""
_OPTIONS = {
    "rtsp_transport": "tcp",  # over UDP lost packets become smeared pictures
    "allowed_media_types": "video",  # sound costs time, and synchronizing with it moves the video's times
    "flags": "low_delay",
    "fpsprobesize": "0",  # or FFmpeg gathers a second and more of frames to guess a rate that nobody asks for
}
_PARAMETERS = (
    *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(OPEN_SECONDS * 1000)),
    *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(READ_SECONDS * 1000)),
    *(cv2.CAP_PROP_N_THREADS, 1),  # each further thread would hold back one more frame
)


class Rtsp:
    """One connection to a network camera.

    `Frame.at` is the arrival of the frame, less what it was held up (`Arrivals`): after a gap the frames that
    queued up come in a burst, and are as old as they are. What was queued while connecting is not given out.

    Raises CameraError when the camera cannot be reached, refuses, falls silent, or only sends what is too late.
    No message holds a user name or a password.
    """

    def __init__(
        self,
        settings: config.CameraSettings,
        clock: Clock,
        open_capture: Callable[[str, int, Sequence[int], Mapping[str, str]], cv2.VideoCapture] = open_capture,
        explain: Callable[[Address, float], CameraError] = why_not,
    ) -> None:
        self._address = address_in(settings)
        self._unverified = is_unverified(settings)
        self._clock = clock
        self._arrivals = Arrivals()
        self._seq = 0
        options = _OPTIONS | _verifying(self._address.ca_file)
        self._capture = open_capture(self._address.dialled, cv2.CAP_FFMPEG, _PARAMETERS, options)
        if not self._capture.isOpened():
            raise explain(self._address, ANSWER_SECONDS)
        self._of_use = clock.monotonic()

    def read(self) -> Frame:
        """The next frame that is not hopelessly late; those before it are dropped."""
        while True:
            ok, image = self._capture.read()
            now = self._clock.monotonic()
            if not ok:
                raise CameraError(
                    f"{self._address.shown}: no frame came within {READ_SECONDS:g} seconds, or the camera hung up:"
                    " dialling again",
                    CameraFault.NO_FRAMES,
                )
            at = self._stamp(now)
            if at is not None and now - at < LATE_SECONDS:
                self._of_use = now
                return self._frame(at, cast("Image", image))
            if now - self._of_use > LATE_SECONDS + READ_SECONDS:
                raise CameraError(
                    f"{self._address.shown}: its frames come more than {LATE_SECONDS:g} seconds late: dialling again;"
                    " if this stays, ask the camera for a smaller picture or fewer frames a second",
                    CameraFault.LATE,
                )

    def _frame(self, at: float, image: Image) -> Frame:
        frame = Frame(at=at, seq=self._seq, image=image)
        self._seq += 1
        return frame

    def _stamp(self, now: float) -> float | None:
        # OpenCV: CAP_PROP_POS_MSEC of an FFmpeg capture is the presentation time of the frame just read.
        dated = self._arrivals.dated
        at = self._arrivals.stamp(now, self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        if dated and not self._arrivals.dated:
            log.warning("%s: its frames carry no times; their age counts from arrival", self._address.shown)
        return at

    def describe(self) -> str:
        width = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        doubt = "; nobody checks its certificate: name it in camera.ca_file" if self._unverified else ""
        return f"{self._address.shown}, a network camera giving {width}×{height}{doubt}"

    def close(self) -> None:
        self._capture.release()


def _verifying(ca_file: str) -> dict[str, str]:
    """FFmpeg's options; it checks who signed, and not the name, which a camera's own certificate seldom has right."""
    return {"tls_verify": "1", "ca_file": ca_file} if ca_file else {}
