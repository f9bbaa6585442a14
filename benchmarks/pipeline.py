"""The costs of the door on this machine: a frame, a start, memory. Writes benchmarks/out/pipeline.json."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import cv2
import psutil

from edgegate.clock import SystemClock
from edgegate.config import Config
from edgegate.errors import EdgegateError
from edgegate.evaluation import speed
from edgegate.report.video import EXACT, video_file

OUT = Path(__file__).parent / "out" / "pipeline.json"

TARGETS = {"overhead_ms": 1.5, "empty_over_face": 0.1, "start_seconds": 2.0, "rss_mb": 180.0}
"""At most; frames of 640x480, on the machine that CI runs on."""

STARTS = 5
FPS = 15
NOBODY_LISTENS = 1  # tcpmux: a broker that is not there
RSS_SECONDS = 3.0


def main() -> None:
    figures = {name: round(value, 4) for name, value in asdict(speed.measure(Config())).items()}
    with tempfile.TemporaryDirectory() as folder:
        door = Door(Path(folder))
        figures["start_seconds"] = statistics.median(door.start_seconds() for _ in range(STARTS))
        figures["rss_without_mqtt_mb"] = door.rss_mb("mqtt.enabled=false")
        figures["rss_mb"] = door.rss_mb("mqtt.enabled=true")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print("\n".join(in_words(figures)))
    print(f"written to {OUT}")


def in_words(figures: Mapping[str, float]) -> Iterator[str]:
    for name, value in figures.items():
        target = TARGETS.get(name)
        verdict = "" if target is None else f"   {'within' if value <= target else 'MORE THAN'} {target:g}"
        yield f"{name:20} {value:9.3f}{verdict}"


class Door:
    """`edgegate run` on a recording of one person, who is enrolled, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clock = SystemClock()
        picture = speed.face_picture()
        height, width = picture.shape[:2]
        with video_file(folder / "camera.avi", (width, height), FPS, EXACT) as write:
            for _ in range(30 * FPS):
                write(picture)
        cv2.imwrite(str(folder / "photo.png"), picture)
        subprocess.run(self._command("enroll", "somebody", str(folder / "photo.png")), check=True, capture_output=True)

    def start_seconds(self) -> float:
        """Returns the seconds from starting the process until it has processed its first frame."""
        started = self._clock.monotonic()
        with self._run("mqtt.enabled=false", until="the first frame is processed"):
            return round(self._clock.monotonic() - started, 3)

    def rss_mb(self, setting: str) -> float:
        """Resident memory once somebody was let in: the most of some seconds, in units of a million bytes."""
        with self._run(setting, until="access.granted") as process:
            end = self._clock.monotonic() + RSS_SECONDS
            most = 0
            while self._clock.monotonic() < end:
                most = max(most, psutil.Process(process.pid).memory_info().rss)
                threading.Event().wait(0.1)
            return round(most / 1e6, 1)

    @contextmanager
    def _run(self, setting: str, *, until: str) -> Iterator[subprocess.Popen[str]]:
        """The daemon, from when its log says `until`."""
        options = ["door.pins=mock", f"camera.source={self._folder / 'camera.avi'}", f"mqtt.port={NOBODY_LISTENS}"]
        call = self._command("run", *(word for option in [*options, setting] for word in ("--set", option)))
        with subprocess.Popen(call, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                if not any(until in line for line in process.stderr):
                    raise EdgegateError(f"the daemon ended before it said {until!r}")
                yield process
            finally:
                process.kill()

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "edgegate", *words, "--data", str(self._folder / "data")]


if __name__ == "__main__":
    main()
