"""`edgegate run` as a process of its own."""

from __future__ import annotations

import queue
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from edgegate import journal
from tests.support.program import Program, essence

MOCK = ["--set", "door.pins=mock"]
NO_BROKER = ["--set", "mqtt.enabled=false"]
IN_SERVICE = "the first frame is processed"


class Running:
    """A daemon, and the lines of its log as they come."""

    def __init__(self, call: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.log: list[str] = []
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(line)
        self._lines.put(None)

    def wait_for(self, words: str, seconds: float = 20.0) -> str:
        """The next line of the log with these words in it."""
        while True:
            try:
                line = self._lines.get(timeout=seconds)
            except queue.Empty:
                line = None
            assert line is not None, f"no {words!r} in\n{''.join(self.log)}"
            self.log.append(line)
            if words in line:
                return line

    @property
    def text(self) -> str:
        """The log as far as it was read."""
        return "".join(self.log)

    def end(self, *, by: signal.Signals | None = None) -> int:
        """Wait for its end, asked for by a signal or not; the answer is its exit status."""
        if by is not None:
            self.process.send_signal(by)
        status = self.process.wait(timeout=30)
        self._reader.join()
        while (line := self._lines.get()) is not None:
            self.log.append(line)
        assert "Traceback" not in self.text
        return status


def start(door: Program, camera: Path | str, *options: str, environment: Mapping[str, str] | None = None) -> Running:
    return Running(door.command("run", *MOCK, "--set", f"camera.source={camera}", *options), environment)


def events(door: Program) -> list[dict[str, Any]]:
    return list(journal.read(door.data / "journal.db"))


def told(door: Program) -> list[str]:
    """The types and reasons in the door's journal, but for the enrolment it begins with.

    How the machine is that the test runs on, such as that its clock is not synchronized, is left out.
    """
    return [essence(event) for event in events(door)[1:] if "part" not in event["data"]]


def faults(door: Program, *parts: str) -> list[str]:
    """Returns the events of these parts: degraded and recovered."""
    return [
        f"{event['type'].rpartition('.')[2]} {event['data']['part']}: {event['data']['reason']}"
        for event in events(door)
        if event["data"].get("part") in parts
    ]
