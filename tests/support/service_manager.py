"""The messages of a service to systemd, sd_notify(3), as they come."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Self


class ServiceManager:
    """Listens at a socket of its own; `environment` is what a service is started with."""

    def __init__(self, folder: Path, watchdog_seconds: float | None = None) -> None:
        self._path = folder / "notify"
        self._seconds = watchdog_seconds
        self.heard: list[str] = []

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def environment(self) -> dict[str, str]:
        watchdog = {} if self._seconds is None else {"WATCHDOG_USEC": str(round(self._seconds * 1e6))}
        return os.environ | {"NOTIFY_SOCKET": str(self._path)} | watchdog

    def wait_for(self, words: str, seconds: float = 30.0) -> None:
        """Waits for a message that begins so; raises TimeoutError if none comes."""
        while not self._next(seconds).startswith(words):
            pass

    def silent(self, seconds: float) -> bool:
        """True if nothing comes for that long; what lies there already is taken first."""
        self.take()
        try:
            self._next(seconds)
        except TimeoutError:
            return True
        return False

    def take(self) -> list[str]:
        """Returns the messages that have come by now."""
        before = len(self.heard)
        while True:
            try:
                self._next(1e-3)
            except TimeoutError:
                return self.heard[before:]

    def _next(self, seconds: float) -> str:
        self._socket.settimeout(seconds)
        self.heard.append(self._socket.recv(4096).decode())
        return self.heard[-1]
