"""`edgegate view` as a browser meets it, and what is drawn."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from edgegate.access.observation import Sighting
from edgegate.camera import Recording
from edgegate.pages.overlay import GREEN, GREY, RED
from edgegate.types import Image
from edgegate.view import Viewer
from tests.support.program import Program
from tests.support.turns import BOX, sighting, turn

Scene = Callable[[str], Path]


class Faces:
    """A pipeline that sees what it is told."""

    def __init__(self, *sightings: Sighting) -> None:
        self.sightings = sightings

    def look(self, frame: object) -> tuple[Sighting, ...]:
        return self.sightings


def drawn(seen: Sighting) -> Image:
    frame = turn(0).frame
    before = frame.image.copy()
    picture = Viewer(Faces(seen), lambda _: "Ada", refuse_after_frames=15).draw(frame)
    assert np.array_equal(frame.image, before)
    return picture


def box_is(colour: tuple[int, int, int], picture: Image) -> bool:
    """True if the left edge of the box has about this colour: lines are smoothed."""
    x1, y1, _, y2 = BOX.rounded()
    return bool(np.abs(picture[(y1 + y2) // 2, x1].astype(int) - colour).max() < 16)


def test_somebody_recognised_is_green_and_a_stranger_red() -> None:
    stranger = replace(sighting(0.5), frames=15)
    assert box_is(GREEN, drawn(sighting(0.98)))
    assert box_is(RED, drawn(stranger))
    assert box_is(GREY, drawn(replace(stranger, frames=14)))


@contextmanager
def viewing(door: Program, video: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The command over a recording: its process, and where its page is."""
    command = door.command("view", "--json", "--port", "0", "--set", f"camera.source={video}")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = "".join(process.stdout.readline() for _ in range(3))
            url = urlsplit(json.loads(told)["url"])
            yield process, url.netloc, url.path
        finally:
            process.kill()


def ask(netloc: str, method: str, path: str, host: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(netloc, timeout=10)
    try:
        connection.request(method, path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def first_picture(netloc: str, path: str) -> Image:
    connection = http.client.HTTPConnection(netloc, timeout=20)
    connection.request("GET", f"{path}stream")
    answer = connection.getresponse()
    assert answer.getheader("Content-Type", "").startswith("multipart/x-mixed-replace")
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += answer.read(1)
    length = int(head.lower().partition(b"content-length: ")[2].split()[0])
    picture = cv2.imdecode(np.frombuffer(answer.read(length), np.uint8), cv2.IMREAD_COLOR)
    connection.close()
    assert picture is not None
    return np.asarray(picture, np.uint8)


def test_a_browser_sees_the_picture_and_stops_it(door: Program, scene: Scene) -> None:
    video = scene("enrolled")
    recording = Recording(video)
    frame = recording.read()
    recording.close()
    assert frame is not None
    before = door("journal", "list", "--json").out
    with viewing(door, video) as (process, netloc, path):
        assert first_picture(netloc, path).shape == frame.image.shape
        status, page = ask(netloc, "GET", path)
        assert status == 200
        assert b"decides nothing" in page
        assert ask(netloc, "GET", "/")[0] == 404
        assert ask(netloc, "GET", f"{path}else")[0] == 404
        assert ask(netloc, "POST", "/stop")[0] == 404
        assert ask(netloc, "GET", path, host="example.org:80")[0] == 404
        assert ask(netloc, "GET", path, host="localhost:9999")[0] == 200
        assert ask(netloc, "POST", f"{path}stop")[0] == 200
        assert process.wait(timeout=20) == 0
    assert door("journal", "list", "--json").out == before


def test_a_signal_stops_it_too(door: Program, scene: Scene) -> None:
    with viewing(door, scene("enrolled")) as (process, _, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_a_port_that_is_taken_is_told_in_one_line(door: Program, scene: Scene) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = door("view", "--port", str(port), "--set", f"camera.source={scene('enrolled')}")
    assert result.status == 2
    assert "choose another" in result.problem


def test_a_camera_that_is_not_there_is_told_at_once(edgegate: Program) -> None:
    result = edgegate("view", "--port", "0", "--set", "camera.source=/dev/video99")
    assert result.status == 1
    assert "no such device" in result.problem


@pytest.mark.parametrize("bad", ["-1", "65536", "many"])
def test_a_port_that_cannot_be_is_a_wrong_call(edgegate: Program, bad: str) -> None:
    result = edgegate("view", "--port", bad)
    assert result.status == 2
    assert "--port" in result.problem
