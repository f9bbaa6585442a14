"""A real RTSP server in a process of its own, and a network that can be held up."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Self

import pytest

from edgegate.clock import SystemClock
from edgegate.types import Frame, Image
from tests.support.brokers import free_port

SERVER = Path(__file__).with_name("gst_server.py")
_BITS, _MASK = 32, 0xFFFFFFFF
_TRY = """
import gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
raise SystemExit(any(Gst.ElementFactory.find(name) is None for name in ("openh264enc", "rtph264pay", "jpegenc")))
"""


@cache
def python_with_gstreamer() -> str | None:
    """A Python that has GStreamer's bindings: Debian's, seldom that of a virtual environment."""
    for python in (sys.executable, "/usr/bin/python3", shutil.which("python3")):
        if python and subprocess.run([python, "-c", _TRY], check=False, capture_output=True).returncode == 0:
            return python
    return None


needs_rtsp_server = pytest.mark.skipif(
    python_with_gstreamer() is None,
    reason="no GStreamer RTSP server here (`make rtsp-server` installs it): network cameras are NOT tested",
)


class RtspServer:
    """A camera of 640×128 at 15 frames a second on rtsp://127.0.0.1:PORT/door; see `gst_server.py`."""

    def __init__(self, *options: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self._options: Sequence[str] = options
        self._process: subprocess.Popen[str] | None = None

    def address(self, user: str = "", path: str = "/door", port: int | None = None) -> str:
        scheme = "rtsps" if "--certificate" in self._options else "rtsp"
        return f"{scheme}://{user}{'@' if user else ''}127.0.0.1:{port or self.port}{path}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        python = python_with_gstreamer()
        assert python is not None
        command = [python, str(SERVER), "--port", str(self.port), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "listening\n"

    def pause(self) -> None:
        """It accepts connections, for the kernel does, and says nothing more."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


class Network:
    """The network between a door and its camera: forwards, and holds everything up while `flowing` is not set."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.flowing = threading.Event()
        self.flowing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.flowing.set()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self._sockets += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._forward, args=(one, other), daemon=True).start()

    def _forward(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                self.flowing.wait()
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def taken_at(image: Image, now: float) -> float:
    """The monotonic moment, before `now`, that the server wrote into the picture, to the millisecond."""
    height, width = image.shape[:2]
    bar = width // _BITS
    bits = (image[height // 4, bar // 2 :: bar, 1] > 128).tolist()
    stamp = int("".join("1" if bit else "0" for bit in bits), 2)
    return now - ((int(now * 1000) - stamp) & _MASK) / 1000


def age_of(frame: Frame) -> tuple[float, float]:
    """Returns the true age of a frame now, and the age by its own time, in seconds."""
    now = SystemClock().monotonic()
    return now - taken_at(frame.image, now), now - frame.at


if __name__ == "__main__":  # for `make rtsp-server`: is there one?
    raise SystemExit(python_with_gstreamer() is None)


def certified(folder: Path, name: str) -> Path:
    """A certificate that vouches for itself, and beside it, as `{name}-both.pem`, the same with its key."""
    key, certificate = folder / f"{name}-key.pem", folder / f"{name}.pem"
    subject = ["-subj", f"/CN={name}", "-days", "2"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    (folder / f"{name}-both.pem").write_text(certificate.read_text() + key.read_text())
    return certificate
