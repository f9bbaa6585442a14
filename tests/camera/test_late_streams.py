"""Network cameras whose frames carry no times, or fall behind, with OpenCV's capture replaced by one with knobs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from edgegate import config
from edgegate.camera import Rtsp
from edgegate.clock import VirtualClock
from edgegate.errors import CameraError
from edgegate.events.vocabulary import CameraFault

INTERVAL = 0.1
IMAGE = np.zeros((120, 160, 3), np.uint8)


class SlowCapture:
    """A stream of ten frames a second, each of which takes `seconds` to come."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.seconds = INTERVAL
        self.dated = True
        self.asked: tuple[str, int, dict[int, int], dict[str, str]] | None = None
        self._count = 0

    def __call__(self, source: str, backend: int, params: Sequence[int], options: Mapping[str, str]) -> Any:
        self.asked = source, backend, dict(zip(params[::2], params[1::2], strict=True)), dict(options)
        return self

    def isOpened(self) -> bool:  # noqa: N802  OpenCV's name
        return True

    def get(self, prop: int) -> float:
        assert prop == cv2.CAP_PROP_POS_MSEC
        return self._count * INTERVAL * 1000 if self.dated else 0.0

    def read(self) -> tuple[bool, Any]:
        self._count += 1
        self.clock.advance(self.clock.monotonic() + self.seconds)
        return True, IMAGE

    def release(self) -> None: ...


@pytest.fixture
def capture() -> SlowCapture:
    return SlowCapture(VirtualClock())


def camera_of(capture: SlowCapture) -> Rtsp:
    return Rtsp(config.CameraSettings(source="rtsp://door:secret@host/x"), capture.clock, capture)


def test_what_ffmpeg_is_asked_for(capture: SlowCapture) -> None:
    camera_of(capture)
    assert capture.asked is not None
    source, backend, params, options = capture.asked
    assert source == "rtsp://door:secret@host/x"
    assert backend == cv2.CAP_FFMPEG
    assert params[cv2.CAP_PROP_OPEN_TIMEOUT_MSEC] == 3000
    assert params[cv2.CAP_PROP_READ_TIMEOUT_MSEC] == 2000
    assert options["rtsp_transport"] == "tcp"


def test_a_camera_that_is_faster_than_this_machine_is_dialled_again(capture: SlowCapture) -> None:
    camera = camera_of(capture)
    assert camera.read().seq == 0
    capture.seconds = 1.5 * INTERVAL
    began, ages = capture.clock.monotonic(), list[float]()

    def go_on() -> None:
        while True:
            frame = camera.read()
            ages.append(capture.clock.monotonic() - frame.at)

    with pytest.raises(CameraError, match="more than 2 seconds late: dialling again") as raised:
        go_on()
    assert raised.value.fault is CameraFault.LATE
    assert "secret" not in str(raised.value)
    assert ages[-1] > 1.9
    assert max(ages) < 2
    assert capture.clock.monotonic() - began < 12


def test_a_stream_without_times_is_told_once(capture: SlowCapture, caplog: pytest.LogCaptureFixture) -> None:
    capture.dated = False
    camera = camera_of(capture)
    assert all(camera.read().at == capture.clock.monotonic() for _ in range(5))
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert caplog.records[0].message == "rtsp://host/x: its frames carry no times; their age counts from arrival"
