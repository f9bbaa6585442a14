"""Network cameras against GStreamer's RTSP server: passwords, faults, and how old the frames really are."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import ValidationError

from edgegate import config
from edgegate.camera import CameraHealth, Rtsp, health_of
from edgegate.clock import SystemClock
from edgegate.errors import CameraError
from edgegate.events.vocabulary import CameraFault, EventType
from tests.support.brokers import free_port
from tests.support.rtsp import Network, RtspServer, age_of, certified, needs_rtsp_server
from tests.support.watched import Door

PASSWORD = "p@ss:w/rd %&ü"  # noqa: S105
WRONG = "Tr0ub4dor"
CLOCK = SystemClock()
OWN_DELAY = 0.35
"""Seconds that the server's encoder and a busy machine's decoder may take: no client can see them."""

pytestmark = needs_rtsp_server


def camera_at(source: str, **settings: object) -> config.CameraSettings:
    return config.CameraSettings.model_validate({"source": source, **settings})


@contextmanager
def opened(source: str, password_file: Path | None = None, **more: object) -> Iterator[Rtsp]:
    settings = camera_at(source, password_file=str(password_file) if password_file else "", **more)
    camera = Rtsp(settings, CLOCK)
    try:
        yield camera
    finally:
        camera.close()


def watched(source: str, **settings: object) -> Door:
    return Door(camera_at(source, **settings), age_of)


def assert_honest(frames: list[tuple[float, float]]) -> None:
    """No frame says that it is younger than it is, but for the delay that nobody can see."""
    assert all(-0.01 <= claimed <= true + 0.1 for true, claimed in frames)
    assert max(true - claimed for true, claimed in frames) < OWN_DELAY


@pytest.fixture(scope="module")
def server() -> Iterator[RtspServer]:
    with RtspServer() as server:
        yield server


@pytest.mark.parametrize("codec", ["h264", "mjpeg"])
def test_plays_and_the_first_frame_is_fresh(codec: str) -> None:
    with RtspServer("--codec", codec, "--gop", "60") as server, opened(server.address()) as camera:
        frames = [(frame, *age_of(frame)) for frame in (camera.read() for _ in range(30))]
        assert camera.describe() == f"{server.address()}, a network camera giving 640×128"
    assert [frame.seq for frame, *_ in frames] == list(range(30))
    assert all(after[0].at > before[0].at for before, after in pairwise(frames))
    assert_honest([(true, claimed) for _, true, claimed in frames])


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_takes_the_password_from_a_file(method: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    with RtspServer("--auth", method, "--password", PASSWORD) as server:
        with opened(server.address("door"), file) as camera:
            assert camera.read().seq == 0
            told = camera.describe()
        file.write_text(WRONG + "\n")
        told += str(refusal_of(server.address("door"), CameraFault.REFUSED, "does not accept", file))
        told += str(refusal_of(server.address(f"door:{WRONG}"), CameraFault.REFUSED, "camera.password_file"))
        refusal_of(server.address(), CameraFault.REFUSED, "wants a user and a password")
    assert WRONG not in told + caplog.text
    assert PASSWORD not in told + caplog.text
    assert "door@" not in told + caplog.text


def refusal_of(
    source: str, fault: CameraFault, words: str, password_file: Path | None = None, **more: object
) -> CameraError:
    with pytest.raises(CameraError, match=words) as raised, opened(source, password_file, **more):
        pass
    assert raised.value.fault is fault
    return raised.value


def test_a_wrong_path_says_so(server: RtspServer) -> None:
    refusal_of(server.address(path="/nowhere"), CameraFault.REFUSED, r"no stream of this path \(404\)")


def test_nothing_there_says_so() -> None:
    refusal_of(f"rtsp://127.0.0.1:{free_port()}/door", CameraFault.UNREACHABLE, "Connection refused; is it switched on")


def test_something_else_there_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer_as_http, args=(listener,), daemon=True).start()
        port = listener.getsockname()[1]
        refusal_of(f"rtsp://127.0.0.1:{port}/door", CameraFault.UNREACHABLE, "no RTSP camera")


def _answer_as_http(listener: socket.socket) -> None:
    for _ in range(2):
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_encrypted(tmp_path: Path) -> None:
    own, another = certified(tmp_path, "camera"), certified(tmp_path, "another")
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    both = str(tmp_path / "camera-both.pem")
    with RtspServer("--certificate", both, "--auth", "digest", "--password", PASSWORD) as server:
        with opened(server.address("door"), password) as camera:
            assert camera.read().seq == 0
            assert "nobody checks its certificate" in camera.describe()
        with opened(server.address("door"), password, ca_file=str(own)) as camera:
            assert camera.read().seq == 0
            assert "certificate" not in camera.describe()
        refusal_of(server.address(f"door:{WRONG}"), CameraFault.REFUSED, "does not accept")
        why = "its certificate is not vouched for"
        refusal_of(server.address("door"), CameraFault.REFUSED, why, password, ca_file=str(another))


def test_a_file_of_certificates_must_hold_one(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for name, why in (("none.pem", "cannot be read: No such file"), ("empty.pem", "no certificate in it")):
        refusal_of("rtsps://camera.invalid/", CameraFault.REFUSED, why, ca_file=str(tmp_path / name))
    with pytest.raises(ValidationError, match="unless source is an encrypted network camera"):
        camera_at("rtsp://camera.invalid/", ca_file="camera.pem")


def test_frames_held_up_on_their_way_are_as_old_as_they_are(server: RtspServer) -> None:
    with Network(server.port) as network, opened(server.address(port=network.port)) as camera:
        assert_honest([age_of(camera.read()) for _ in range(15)])
        network.flowing.clear()
        threading.Timer(1.2, network.flowing.set).start()
        after = [age_of(camera.read()) for _ in range(40)]
    assert_honest(after)
    assert max(true for true, _ in after) > 1.0, "nothing was held up"
    assert after[-1][1] < 0.2


def test_a_silent_camera_is_noticed_and_comes_back_fresh(server: RtspServer) -> None:
    with watched(server.address()) as door:
        door.playing()
        server.pause()
        try:
            assert door.after(EventType.CAMERA_STALLED) <= 2.0
            door.idle(4)
        finally:
            server.go_on()
        assert door.after(EventType.CAMERA_RECOVERED) <= 5.0
        door.playing()
    assert_honest(door.frames)


def test_a_camera_that_restarts_is_dialled_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = RtspServer("--auth", "digest", "--password", WRONG)
    with server, watched(server.address(f"door:{WRONG}")) as door:
        door.playing()
        server.kill()
        assert door.after(EventType.CAMERA_STALLED) <= 2.0
        assert door.fault is CameraFault.UNREACHABLE
        door.idle(3)
        server.start()
        assert door.after(EventType.CAMERA_RECOVERED) <= 5.0
        door.playing()
    assert_honest(door.frames)
    assert "cannot be reached: Connection refused" in caplog.text
    assert WRONG not in caplog.text


def test_a_network_that_was_away_brings_no_old_frames_back(server: RtspServer) -> None:
    with Network(server.port) as network, watched(server.address(port=network.port)) as door:
        door.playing()
        network.flowing.clear()
        assert door.after(EventType.CAMERA_STALLED) <= 2.0
        door.idle(3)
        network.flowing.set()
        assert door.after(EventType.CAMERA_RECOVERED) <= 5.0
        door.playing()
    assert_honest(door.frames)


def test_a_frozen_stream_is_told() -> None:
    with RtspServer("--frozen") as server, watched(server.address(), frozen_seconds=2.0) as door:
        assert door.after(EventType.CAMERA_STALLED) < 10
        assert door.fault is CameraFault.FROZEN


def test_network_cameras_may_repeat_a_still_picture_longer() -> None:
    health: CameraHealth = health_of(camera_at("rtsp://door.local/"))
    assert health._frozen_seconds == 30
