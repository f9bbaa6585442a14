"""Recordings: real files, whole and broken."""

from __future__ import annotations

import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edgegate.camera import Paced, Recording
from edgegate.clock import SystemClock
from edgegate.errors import CameraError, UsageError
from edgegate.types import Frame
from tests.support.videos import FPS, SIZE, cut, write_video

CONTAINERS = [".avi", ".mkv", ".mp4"]


def read_all(recording: Recording) -> list[Frame]:
    return list(iter(recording.read, None))


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_frames_carry_the_containers_times_from_zero(tmp_path: Path, suffix: str) -> None:
    recording = Recording(write_video(tmp_path / f"door{suffix}", frames=30))
    assert recording.fps == pytest.approx(FPS)
    assert recording.expected_frames == 30
    assert recording.size == SIZE
    frames = read_all(recording)
    assert [frame.seq for frame in frames] == list(range(30))
    assert [frame.at for frame in frames] == pytest.approx([seq / FPS for seq in range(30)], abs=0.001)
    assert frames[0].at == 0.0
    assert all(frame.image.shape == (SIZE[1], SIZE[0], 3) and frame.image.dtype == np.uint8 for frame in frames)
    assert not recording.ended_early
    assert recording.read() is None
    recording.close()


def test_reads_the_same_twice(tmp_path: Path) -> None:
    path = write_video(tmp_path / "door.mp4")
    first, second = read_all(Recording(path)), read_all(Recording(path))
    assert [frame.at for frame in first] == [frame.at for frame in second]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(first, second, strict=True))


def test_a_bare_stream_without_times_goes_by_its_frame_rate(tmp_path: Path) -> None:
    # An MJPEG stream is nothing but JPEG pictures, one after the other.
    avi = write_video(tmp_path / "door.avi", frames=10).read_bytes()
    pictures = avi.split(b"\xff\xd8\xff")[1:]
    stream = tmp_path / "door.mjpeg"
    stream.write_bytes(b"".join(b"\xff\xd8\xff" + picture[: picture.rindex(b"\xff\xd9") + 2] for picture in pictures))
    recording = Recording(stream)
    frames = read_all(recording)
    assert len(frames) == 10
    assert all(before.at < after.at for before, after in pairwise(frames))
    assert not recording.ended_early


@pytest.mark.parametrize("suffix", [".avi", ".mkv"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.8])
def test_a_truncated_video_gives_its_frames_and_says_that_it_broke_off(
    tmp_path: Path, suffix: str, share: float
) -> None:
    whole = write_video(tmp_path / f"door{suffix}", frames=60)
    recording = Recording(cut(whole, share))
    frames = read_all(recording)
    assert 0.5 * share < len(frames) / 60 < 1.1 * share
    assert recording.ended_early


def test_an_mp4_without_its_index_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match=r"cut\.mp4: no video that can be read"):
        Recording(cut(write_video(tmp_path / "door.mp4"), 0.6))


def test_a_missing_video_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"door\.mp4: no such video"):
        Recording(tmp_path / "door.mp4")
    with pytest.raises(UsageError, match="a folder"):
        Recording(tmp_path)


@pytest.mark.parametrize(("content", "reason"), [(b"", "empty"), (b"not a video at all\n" * 99, "no video")])
def test_an_unreadable_video_is_one_clear_line(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "door.mp4"
    path.write_bytes(content)
    with pytest.raises(CameraError, match=reason) as caught:
        Recording(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("suffix", "frames_begin"), [(".mkv", b"\x1f\x43\xb6\x75"), (".avi", b"movi")])
def test_a_video_whose_frames_are_all_destroyed_is_an_error(tmp_path: Path, suffix: str, frames_begin: bytes) -> None:
    path = write_video(tmp_path / f"door{suffix}")
    content = path.read_bytes()
    kept = content.index(frames_begin) + len(frames_begin)
    path.write_bytes(content[:kept] + bytes(len(content) - kept))
    with pytest.raises(CameraError, match="damaged"):
        Recording(path).read()


def test_opencv_and_ffmpeg_write_nothing_to_stderr(tmp_path: Path) -> None:
    # In a process of its own: OpenCV settles how talkative FFmpeg is once, when the first capture is opened.
    (tmp_path / "noise.mp4").write_bytes(b"not a video at all\n" * 99)
    cut(write_video(tmp_path / "door.mkv"), 0.5)
    script = """
import sys
from pathlib import Path
from edgegate.camera import Recording
from edgegate.errors import CameraError
for name in ("noise.mp4", "cut.mkv"):
    try:
        recording = Recording(Path(sys.argv[1]) / name)
        while recording.read() is not None:
            pass
    except CameraError:
        pass
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_paced_frames_come_when_they_are_due_on_the_clock(tmp_path: Path) -> None:
    clock = SystemClock()
    recording = Recording(write_video(tmp_path / "door.avi", frames=6, fps=50))
    paced = Paced(recording, clock, threading.Event())
    started = clock.monotonic()
    arrivals: list[float] = []
    frames: list[Frame] = []
    for frame in iter(paced.read, None):
        arrivals.append(clock.monotonic())
        frames.append(frame)
    assert [frame.at - frames[0].at for frame in frames] == pytest.approx([seq / 50 for seq in range(6)], abs=0.001)
    assert frames[0].at >= started
    assert all(arrival >= frame.at - 0.001 for arrival, frame in zip(arrivals, frames, strict=True))
    paced.close()


def test_stopping_ends_the_wait_for_a_paced_frame(tmp_path: Path) -> None:
    stopping = threading.Event()
    paced = Paced(Recording(write_video(tmp_path / "door.avi", frames=3, fps=1)), SystemClock(), stopping)
    assert paced.read() is not None
    stopping.set()
    assert paced.read() is None
