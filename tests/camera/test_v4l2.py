"""V4L2 devices, with OpenCV's capture replaced by one whose faults can be chosen."""

from __future__ import annotations

import errno
import logging
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgegate import config
from edgegate.camera import V4L2
from edgegate.camera.holders import Holder, devices, holders
from edgegate.camera.v4l2 import way_out
from edgegate.clock import VirtualClock
from edgegate.errors import CameraError
from edgegate.events.vocabulary import CameraFault

YUYV, MJPG = cv2.VideoWriter.fourcc(*"YUYV"), cv2.VideoWriter.fourcc(*"MJPG")


class FakeCapture:
    """OpenCV's V4L2 capture: grants `formats`, then gives `frames` of `shape`, stamped `stamp` (seconds)."""

    def __init__(self, formats: tuple[int, ...] = (YUYV, MJPG), shape: tuple[int, ...] = (480, 640, 3)) -> None:
        self.opens = True
        self.formats = formats
        self.shape = shape
        self.stamp = 0.0
        self.frames = 1000
        self.properties: dict[int, float] = {}
        self.released = False

    def isOpened(self) -> bool:  # noqa: N802  OpenCV's name
        return self.opens

    def set(self, prop: int, value: float) -> bool:
        if prop == cv2.CAP_PROP_FOURCC and value not in self.formats:
            return False
        self.properties[prop] = value
        return True

    def get(self, prop: int) -> float:
        return self.stamp * 1000 if prop == cv2.CAP_PROP_POS_MSEC else self.properties.get(prop, 0.0)

    def read(self) -> tuple[bool, Any]:
        self.frames -= 1
        return (True, np.zeros(self.shape, np.uint8)) if self.frames >= 0 else (False, None)

    def release(self) -> None:
        self.released = True


class Rig:
    """A camera on a device file that exists, with its clock and its fake capture in view."""

    def __init__(self, tmp_path: Path, capture: FakeCapture, **settings: int) -> None:
        device = tmp_path / "video0"
        device.touch()
        self.capture, self.clock, self.asked = capture, VirtualClock(), ("", 0)
        self.clock.advance(1000.0)

        def open_capture(source: str, backend: int) -> Any:
            self.asked = (source, backend)
            return capture

        given = config.CameraSettings.model_validate({"source": str(device), **settings})
        self.camera = V4L2(given, self.clock, open_capture)


def test_size_rate_and_an_uncompressed_format_are_asked_for(tmp_path: Path) -> None:
    rig = Rig(tmp_path, FakeCapture())
    assert rig.asked == (str(tmp_path / "video0"), cv2.CAP_V4L2)
    assert rig.capture.properties == {
        cv2.CAP_PROP_FOURCC: YUYV,
        cv2.CAP_PROP_FRAME_WIDTH: 640,
        cv2.CAP_PROP_FRAME_HEIGHT: 480,
        cv2.CAP_PROP_FPS: 15,
    }
    assert rig.camera.describe() == f"{tmp_path / 'video0'}, a V4L2 camera giving 640×480 YUYV"


def test_large_pictures_are_asked_for_compressed(tmp_path: Path) -> None:
    assert Rig(tmp_path, FakeCapture(), width=1280, height=720).capture.properties[cv2.CAP_PROP_FOURCC] == MJPG


def test_the_other_format_will_do(tmp_path: Path) -> None:
    rig = Rig(tmp_path, FakeCapture(formats=(MJPG,)))
    assert rig.capture.properties[cv2.CAP_PROP_FOURCC] == MJPG


def test_a_device_with_neither_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="neither YUYV nor MJPG"):
        Rig(tmp_path, FakeCapture(formats=()))


def test_a_device_that_is_no_camera_is_refused(tmp_path: Path) -> None:
    capture = FakeCapture()
    capture.opens = False
    with pytest.raises(CameraError, match="not a camera"):
        Rig(tmp_path, capture)


def test_raw_buffers_are_told_from_pictures(tmp_path: Path) -> None:
    rig = Rig(tmp_path, FakeCapture(shape=(1, 691200)))
    with pytest.raises(CameraError, match=r"shape \(1, 691200\) and type uint8 .*YUYV"):
        rig.camera.read()


def test_a_camera_that_went_away_is_an_error(tmp_path: Path) -> None:
    rig = Rig(tmp_path, FakeCapture())
    rig.capture.frames = 1
    assert rig.camera.read().seq == 0
    with pytest.raises(CameraError, match="video0: no frame came"):
        rig.camera.read()
    rig.camera.close()
    assert rig.capture.released


def test_frames_are_stamped_by_the_kernel(tmp_path: Path) -> None:
    rig = Rig(tmp_path, FakeCapture())
    rig.capture.stamp = 999.95
    first = rig.camera.read()
    assert first.at == pytest.approx(999.95)
    rig.clock.advance(2000.0)
    old = rig.camera.read()  # queued in the driver while nobody read
    assert old.at == pytest.approx(999.95)
    assert (first.seq, old.seq) == (0, 1)


def test_a_stamp_a_little_in_the_future_is_now(tmp_path: Path) -> None:
    rig = Rig(tmp_path, FakeCapture())
    rig.capture.stamp = 1000.02
    assert rig.camera.read().at == 1000.0


@pytest.mark.parametrize("stamp", [0.0, 900.0, 1_700_000_000.0])
def test_stamps_of_another_clock_are_told_once_and_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, stamp: float
) -> None:
    rig = Rig(tmp_path, FakeCapture())
    rig.capture.stamp = stamp
    with caplog.at_level(logging.WARNING):
        assert rig.camera.read().at == 1000.0
        rig.clock.advance(1001.0)
        assert rig.camera.read().at == 1001.0
    assert len(caplog.records) == 1


def test_a_missing_device_names_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "video4").touch()
    (tmp_path / "video2").touch()
    settings = config.CameraSettings(source=str(tmp_path / "video9"))
    with pytest.raises(CameraError, match=r"video9: no such device; there is .*video2, .*video4$"):
        V4L2(settings, VirtualClock())


def test_a_missing_device_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="plugged in"):
        V4L2(config.CameraSettings(source=str(tmp_path / "video0")), VirtualClock())


def test_a_forbidden_device_names_the_group() -> None:
    assert "usermod -aG video" in way_out("/dev/video0", PermissionError(errno.EACCES, "Permission denied"))
    assert way_out("/dev/video0", OSError(errno.EBUSY, "Device or resource busy")).endswith("Device or resource busy")
    assert way_out("/dev/video0", OSError(errno.ENODEV, "No such device")).startswith("unplugged")


def test_a_file_that_is_no_device_is_refused_by_opencv_itself(tmp_path: Path) -> None:
    (tmp_path / "video0").write_text("a file")
    with pytest.raises(CameraError, match="not a camera"):
        V4L2(config.CameraSettings(source=str(tmp_path / "video0")), VirtualClock())


# Other programs.


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that has the device open."""
    device = tmp_path / "video0"
    device.touch()
    with device.open("rb") as opened, subprocess.Popen(["sleep", "60"], stdin=opened) as process:
        yield process
        process.kill()


def test_a_camera_that_another_program_has_is_said_to_be_in_use_and_by_whom(
    other: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    capture = FakeCapture()
    capture.opens = False
    with pytest.raises(CameraError, match=rf"in use by sleep \(process {other.pid}\): end it") as told:
        Rig(tmp_path, capture)
    assert told.value.fault is CameraFault.IN_USE


def test_one_that_another_program_takes_away_too(other: subprocess.Popen[bytes], tmp_path: Path) -> None:
    rig = Rig(tmp_path, FakeCapture())
    rig.capture.frames = 0
    with pytest.raises(CameraError, match=rf"in use by sleep \(process {other.pid}\)"):
        rig.camera.read()


def test_whoever_has_it_open_itself_is_no_other_program(tmp_path: Path) -> None:
    device = tmp_path / "video0"
    device.touch()
    with device.open("rb"):
        assert holders(str(device)) == ()


def test_a_link_is_followed(other: subprocess.Popen[bytes], tmp_path: Path) -> None:
    (tmp_path / "by-id").symlink_to(tmp_path / "video0")
    assert holders(str(tmp_path / "by-id")) == (Holder("sleep", other.pid),)


def test_whoever_has_any_of_a_raspberry_pis_media_devices_has_its_camera(tmp_path: Path) -> None:
    for name in ("media0", "media3", "video0"):
        (tmp_path / name).touch()
    media = devices("picamera", tmp_path)
    assert media == (str(tmp_path / "media0"), str(tmp_path / "media3"))
    with (tmp_path / "media3").open("rb") as opened, subprocess.Popen(["sleep", "60"], stdin=opened) as process:
        found = holders(*media)
        process.kill()
    assert found == (Holder("sleep", process.pid),)
