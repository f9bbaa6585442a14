"""The lock keeper as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

from edgegate.clock import SystemClock
from edgegate.keeper.client import KeeperClient
from tests.support.paths import ROOT


class Process:
    """`python -m edgegate.keeper` on mock pins, as systemd would start it.

    A test that lets it run for long sends its `log` elsewhere: a pipe that nobody reads fills up and stops it.
    """

    def __init__(
        self, folder: Path, *options: str, config: str = '[door]\npins = "mock"\n', log: int = subprocess.PIPE
    ) -> None:
        (folder / "config.toml").write_text(config)
        self.folder = folder
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        (folder / "notify").unlink(missing_ok=True)
        self._notify.bind(str(folder / "notify"))
        self._notify.settimeout(20)
        environment = os.environ | {
            "NOTIFY_SOCKET": str(folder / "notify"),
            "RUNTIME_DIRECTORY": str(folder),
            "STATE_DIRECTORY": str(folder / "state"),
        }
        call = [sys.executable, "-m", "edgegate.keeper", "-c", str(folder / "config.toml"), *options]
        self.process = subprocess.Popen(call, env=environment, cwd=ROOT, stderr=log, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self._notify.close()

    def wait_for(self, message: str) -> None:
        while self._notify.recv(100).decode() != message:
            pass

    def client(self) -> KeeperClient:
        return KeeperClient(self.folder / "keeper.sock", SystemClock(), lambda _event: None)
