"""`edgegate` as a person calls it, in this process or in one of its own."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from edgegate import app, config
from edgegate.cli import main
from edgegate.gallery import Gallery


@dataclass(frozen=True)
class Result:
    """The exit status and the output of a call."""

    status: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """Stdout as JSON lines."""
        return [json.loads(line) for line in self.out.split("\n") if line]

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def told(self) -> list[str]:
        """Types and reasons of the events on stdout, in order."""
        return [essence(event) for event in self.events]

    @property
    def problem(self) -> str:
        """The one line on stderr, which is all that there is, without the program's name."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("edgegate: "), self.err
        return lines[0].removeprefix("edgegate: ")


def essence(event: dict[str, Any]) -> str:
    """An event's type and reason: "access.denied unknown"."""
    return f"{event['type'].removeprefix('io.edgegate.')} {event['data'].get('reason', '')}".strip()


def _until_hung_up(terminal: BinaryIO) -> Iterator[bytes]:
    """Yields the bytes of a terminal until the last program has closed it, which Linux reports as an error."""
    with suppress(OSError):
        while chunk := terminal.read(4096):
            yield chunk


class Program:
    """`edgegate` with a data folder: called in this process, or started as one of its own."""

    def __init__(self, data: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.data = data
        self._capture = capture

    def __call__(self, *args: str | Path) -> Result:
        """Call it here, with everything that reaches stdout and stderr, from C too."""
        self._capture.readouterr()
        try:
            status = main([*map(str, args), "--data", str(self.data)])
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        out, err = self._capture.readouterr()
        return Result(status, out, err)

    @property
    def gallery(self) -> Gallery:
        """The people enrolled, as the program sees them."""
        return app.open_gallery(config.load(None, [f"service.data_dir={json.dumps(str(self.data))}"]))

    def command(self, *args: str | Path) -> list[str]:
        """Returns the command line that starts it as a process."""
        return [sys.executable, "-m", "edgegate", *map(str, args), "--data", str(self.data)]

    def on_terminal(self, *args: str | Path) -> Result:
        """Run it as a process whose stdout is a terminal; what it prints there has plain line ends."""
        master, slave = pty.openpty()
        with (
            os.fdopen(master, "rb", buffering=0) as terminal,
            subprocess.Popen(self.command(*args), stdout=slave, stderr=subprocess.PIPE, text=True) as process,
        ):
            os.close(slave)
            out = b"".join(_until_hung_up(terminal))
            _, err = process.communicate(timeout=60)
        return Result(process.returncode, out.decode().replace("\r\n", "\n"), err)

    def run(self, *args: str | Path, **options: Any) -> Result:
        """Run it as a process; `options` are subprocess.run's."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        done = subprocess.run(self.command(*args), text=True, timeout=60, check=False, **(pipes | options))
        return Result(done.returncode, done.stdout or "", done.stderr or "")
