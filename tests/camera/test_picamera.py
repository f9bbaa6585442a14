"""The Raspberry Pi camera, with a picamera2 whose faults can be chosen."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from edgegate import config
from edgegate.camera import PiCamera
from edgegate.camera.holders import Holder
from edgegate.camera.picamera import preview_size
from edgegate.errors import CameraError
from edgegate.events.vocabulary import CameraFault

STRIDE = 384  # the hardware pads rows of 320 pixels


class FakeRequest:
    def __init__(self, camera: FakePicamera2) -> None:
        self.camera = camera

    def make_array(self, name: str) -> Any:
        width, height = self.camera.configuration[name]["size"]
        if name == "main":
            return np.full((height, width, 3), (200, 100, 50), np.uint8)
        bgr = np.full((height, STRIDE, 3), (200, 100, 50), np.uint8)
        bgr[:, width:] = 0
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420)

    def get_metadata(self) -> dict[str, Any]:
        return {"SensorTimestamp": self.camera.exposed}

    def release(self) -> None:
        self.camera.lent -= 1


class FakePicamera2:
    """The part of picamera2's API that is used: a camera with a few buffers, which are lent and given back."""

    def __init__(self) -> None:
        self.exposed = 5_000_000_000  # nanoseconds since boot
        self.lent = 0
        self.calls: list[str] = []
        self.lost: Exception | None = None
        self.broken: Exception | None = None

    def create_video_configuration(
        self, main: dict[str, Any], lores: dict[str, Any], controls: dict[str, Any], buffer_count: int
    ) -> dict[str, Any]:
        return {"main": main, "lores": lores, "controls": controls, "buffer_count": buffer_count}

    def configure(self, configuration: dict[str, Any]) -> None:
        self.configuration = configuration

    def camera_configuration(self) -> dict[str, Any]:
        return self.configuration

    def start(self) -> None:
        self.calls.append("start")
        if self.broken:
            raise self.broken

    def capture_request(self, wait: float) -> FakeRequest:
        assert wait < 3
        assert self.lent < self.configuration["buffer_count"], "the camera has no buffer left to fill"
        if self.lost:
            raise self.lost
        self.lent += 1
        return FakeRequest(self)

    def stop(self) -> None:
        self.calls.append("stop")
        if self.lost:
            raise self.lost

    def close(self) -> None:
        self.calls.append("close")


def opened(fake: FakePicamera2, **settings: int) -> PiCamera:
    return PiCamera(
        config.CameraSettings.model_validate(settings), lambda: fake, to_monotonic=lambda boottime: boottime - 2.0
    )


def test_asks_for_a_main_and_a_small_stream() -> None:
    fake = FakePicamera2()
    opened(fake, width=1280, height=720, frames_per_second=20)
    assert fake.configuration == {
        "main": {"size": (1280, 720), "format": "RGB888"},
        "lores": {"size": (320, 180), "format": "YUV420"},
        "controls": {"FrameDurationLimits": (50_000, 50_000)},
        "buffer_count": 4,
    }
    assert fake.calls == ["start"]


@pytest.mark.parametrize(
    ("size", "expected"), [((640, 480), (320, 240)), ((1296, 972), (320, 240)), ((160, 120), (160, 120))]
)
def test_the_preview_has_the_shape_of_the_picture(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert preview_size(*size) == expected


def test_frames_are_bgr_with_a_preview_and_the_sensors_time() -> None:
    camera = opened(FakePicamera2())
    frame = camera.read()
    assert (frame.at, frame.seq) == (3.0, 0)
    assert frame.image.shape == (480, 640, 3)
    assert frame.preview is not None
    assert frame.preview.shape == (240, 320, 3)
    assert np.abs(frame.preview.astype(int) - (200, 100, 50)).max() < 12
    assert camera.read().seq == 1


def test_buffers_are_given_back_at_once() -> None:
    fake = FakePicamera2()
    camera = opened(fake)
    for _ in range(10):
        camera.read()
    assert fake.lent == 0


@pytest.mark.parametrize("lost", [TimeoutError(), RuntimeError("Camera frontend has timed out")])
def test_a_camera_that_went_away_is_an_error(lost: Exception) -> None:
    fake = FakePicamera2()
    camera = opened(fake)
    fake.lost = lost
    with pytest.raises(CameraError, match=r"picamera: no frame came: .*timed out"):
        camera.read()
    camera.close()
    assert fake.calls == ["start", "stop", "close"]


def test_a_camera_that_does_not_start_is_given_back() -> None:
    fake = FakePicamera2()
    fake.broken = RuntimeError("Failed to start camera")
    with pytest.raises(CameraError, match="Failed to start camera"):
        opened(fake)
    assert fake.calls == ["start", "stop", "close"]


def test_no_camera_names_the_way_out() -> None:
    def no_camera() -> Any:
        raise IndexError("list index out of range")

    with pytest.raises(CameraError, match="ribbon cable"):
        PiCamera(config.CameraSettings(), no_camera)


def busy() -> Any:
    """As picamera2 is: libcamera's own words are in the context of what it raises."""
    try:
        raise RuntimeError("Failed to acquire camera: Device or resource busy")  # noqa: TRY301
    except RuntimeError:
        raise RuntimeError("Camera __init__ sequence did not complete.")  # noqa: B904


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ((Holder("edgegate", 7),), r"in use by edgegate \(process 7\): end it .*`sudo systemctl stop edgegate`"),
        ((Holder("rpicam-vid", 8),), r"in use by rpicam-vid \(process 8\): end it to have this camera here$"),
        ((), r"in use by another user's program; `sudo edgegate check` knows which"),
    ],
)
def test_a_busy_camera_is_said_to_be_in_use_and_by_whom(others: tuple[Holder, ...], words: str) -> None:
    with pytest.raises(CameraError, match=words) as told:
        PiCamera(config.CameraSettings(), busy, others=lambda: others)
    assert told.value.fault is CameraFault.IN_USE
    assert "ribbon" not in str(told.value)


def test_missing_picamera2_names_the_package() -> None:
    with pytest.raises(CameraError, match=r"apt install python3-picamera2.*--system-site-packages"):
        PiCamera(config.CameraSettings())
