"""The source that `[camera] source` names."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edgegate import config
from edgegate.camera import Source, open_source
from edgegate.clock import SystemClock
from edgegate.errors import CameraError, UsageError
from tests.support.videos import write_video


def opened(source: str) -> Source:
    return open_source(config.CameraSettings(source=source), SystemClock(), threading.Event())


def test_a_path_is_a_video_at_its_own_pace(tmp_path: Path) -> None:
    clock = SystemClock()
    source = opened(str(write_video(tmp_path / "door.mp4")))
    before = clock.monotonic()
    frame = source.read()
    assert frame is not None
    assert before <= frame.at <= clock.monotonic()
    assert source.describe() == f"{tmp_path / 'door.mp4'}, a recording of 160×120 at 15 frames a second"
    source.close()


def test_a_missing_video_may_come_later(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="no such video"):
        opened(str(tmp_path / "door.mp4"))


def test_a_device_is_v4l2() -> None:
    with pytest.raises(CameraError, match="/dev/video-none: no such device"):
        opened("/dev/video-none")


def test_picamera_is_the_raspberry_pis_camera() -> None:
    with pytest.raises(CameraError, match="picamera2"):
        opened("picamera")


@pytest.mark.parametrize("address", ["rtsp://door.invalid/stream", "rtsps://door.invalid:322/stream"])
def test_streams_are_read_by_rtsp(address: str) -> None:
    with pytest.raises(CameraError, match=r"rtsps?://door.invalid/stream: cannot be reached"):
        opened(address)


@pytest.mark.parametrize("address", ["http://door:secret@host/x", "rtmp://secret@host", "rtsp://:secret@", "file:///x"])
def test_other_addresses_are_refused_without_their_password(address: str) -> None:
    with pytest.raises(UsageError, match="rtsp://") as raised:
        opened(address)
    assert "secret" not in str(raised.value)
