"""A day of visits in minutes, and whether the daemon's process or the lock keeper's has grown: files, threads, memory.

    python benchmarks/soak.py [--visits 1000] [--people 500]

A day is 1,000 visits, half by people who are let in and half by strangers, two in ten of them seen by the networks
that ship and the others scripted; and 100 frames of nobody after each, so 100,000 in all. All else is as in service:
gallery, journal and spool on disk, Mosquitto where it is installed, the keeper in a process of its own. Only the waits
are shorter: 0.1 s unlocked, 0.1 s until the next visit. The first 100 visits are the warm-up.
"""

from __future__ import annotations

import argparse
import gc
import json
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from edgegate import app, config, journal
from edgegate.app import Recognition
from edgegate.broker import Topics, Uplink
from edgegate.clock import SystemClock
from edgegate.config import Config
from edgegate.events.cloudevents import CloudEvent
from edgegate.events.vocabulary import Event
from edgegate.gallery import Enrollee, Photo
from edgegate.keeper.client import KeeperClient
from edgegate.loop.turn import Loop
from edgegate.types import Box, Embedding, Frame, Image
from edgegate.vision.analyzer import Analyzer
from edgegate.vision.faces import Face, Quality
from tests.support.brokers import MOSQUITTO, Mosquitto
from tests.support.door_scenes import ENROLLED, frames
from tests.support.keepers import Process

WARM_UP = 0.1
REAL_EVERY = 10
IDLE_FRAMES = 100
SAMPLES = 50


@dataclass(frozen=True)
class Sample:
    """A process at one moment; memory in bytes."""

    files: int
    threads: int
    memory: int


class HalfScripted:
    """The analyzer that ships, or whatever face `script` says is in view."""

    def __init__(self, real: Analyzer) -> None:
        self._real, self.pack = real, real.pack
        self.script: Embedding | None = None
        self.scripted = True

    def detect(self, frame: Frame) -> tuple[Face, ...]:
        if not self.scripted:
            return self._real.detect(frame)
        if self.script is None:
            return ()
        return (Face(Box(250, 150, 370, 270), 0.9, np.zeros((4, 2), np.float32)),)

    def describe(self, frame: Frame, face: Face) -> Face:
        if not self.scripted:
            return self._real.describe(frame, face)
        return replace(face, quality=Quality(120.0, 50.0, 120.0, 0.0, 1.0), embedding=self.script)


class Day:
    """The door, and who comes to it."""

    def __init__(self, loop: Loop, analyzer: HalfScripted, people: list[Embedding], clock: SystemClock) -> None:
        self._loop, self._analyzer, self._people, self._clock = loop, analyzer, people, clock
        self._pause = threading.Event()
        self._rng = np.random.default_rng(5)
        self._seq = 0
        self._pictures = {name: list(frames([(name, 2.0)])) for name in ("nobody", "enrolled", "stranger")}

    def visit(self, number: int) -> None:
        known = number % 2 == 0
        self._analyzer.scripted = number % REAL_EVERY not in {0, 1}
        if self._analyzer.scripted:
            self._analyzer.script = self._people[number % len(self._people)] if known else _face(self._rng)
        for index in range(7 if known else 16):
            self._turn(self._pictures["enrolled" if known else "stranger"], index)
        self._analyzer.scripted, self._analyzer.script = True, None
        for index in range(IDLE_FRAMES):
            self._turn(self._pictures["nobody"], index)
        self._pause.wait(0.25)
        self._turn(self._pictures["nobody"], 0)

    def _turn(self, pictures: list[Image], index: int) -> None:
        self._seq += 1
        self._loop.turn(Frame(self._clock.monotonic(), self._seq, pictures[index % len(pictures)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visits", type=int, default=1000)
    parser.add_argument("--people", type=int, default=500)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        began = time.monotonic()
        settings = _settings(Path(folder), stack)
        keeper = stack.enter_context(Process(Path(folder), log=subprocess.DEVNULL))
        keeper.wait_for("READY=1")
        day = _open(settings, args.people, Path(folder) / "keeper.sock", stack)
        own, other = psutil.Process(), psutil.Process(keeper.process.pid)
        samples: list[tuple[Sample, Sample]] = []
        for number in range(args.visits):
            day.visit(number)
            if (number + 1) % max(1, args.visits // SAMPLES) == 0:
                gc.collect()
                samples.append((_sample(own), _sample(other)))
                print(number + 1, *samples[-1], file=sys.stderr, flush=True)
        steady = samples[round(len(samples) * WARM_UP) :]
        path = app.journal_path(settings)
        happened = Counter(event["type"].rpartition("edgegate.")[2] for event in journal.read(path))
        assert journal.verify(path).intact
        assert min(happened["access.granted"], happened["lock.locked"]) > 0.45 * args.visits, happened
        report = {
            "visits": args.visits,
            "minutes": round((time.monotonic() - began) / 60, 1),
            "broker": "Mosquitto" if settings.mqtt.enabled else "none",
            "events": happened,
            "daemon": _summary([one for one, _ in steady]),
            "keeper": _summary([one for _, one in steady]),
        }
        print(json.dumps(report, indent=1))


def _settings(folder: Path, stack: ExitStack) -> Config:
    """A door with a broker, if there is one, and one person enrolled from a photo."""
    data, broker = folder / "data", "mqtt.enabled=false"
    if MOSQUITTO is not None:
        broker = f"mqtt.port={stack.enter_context(Mosquitto()).port}"
    options = [f"service.data_dir={json.dumps(str(data))}", f"service.key_file={json.dumps(str(folder / 'key'))}"]
    call = ["enroll", ENROLLED.person, str(ENROLLED.file), *(word for option in options for word in ("--set", option))]
    subprocess.run([sys.executable, "-m", "edgegate", *call], check=True, stdout=subprocess.DEVNULL)
    settings = config.load(None, [*options, broker, "door.unlock_seconds=0.1"])
    return settings.model_copy(update={"access": settings.access.model_copy(update={"rearm_seconds": 0.1})})


def _open(settings: Config, people: int, socket: Path, stack: ExitStack) -> Day:
    clock, origin = SystemClock(), app.origin_of(settings)
    faces = _enrol(settings, people)
    recognition = app.build_recognition(settings)
    analyzer = HalfScripted(recognition.analyzer)
    kept = app.open_journal(settings, origin, clock)
    stack.callback(kept.close)
    changes: queue.SimpleQueue[Event] = queue.SimpleQueue()
    lock = KeeperClient(socket, clock, changes.put)
    lock.start(app.last_of_keeper(settings))
    stack.callback(lock.close)
    listeners: list[Any] = [lock.written]
    if settings.mqtt.enabled:
        topics = Topics(settings.site.name, settings.site.door)
        names = recognition.identifier.name_of
        uplink = Uplink(settings.mqtt, topics, lambda: app.open_journal(settings, origin, clock), names)
        uplink.start()
        stack.callback(uplink.close, 5.0)
        listeners.append(lambda _: uplink.notify())

    def tell(event: CloudEvent) -> None:
        for listener in listeners:
            listener(event)

    scripted = Recognition(analyzer, recognition.gallery, recognition.identifier)  # type: ignore[arg-type]
    return Day(app.build_loop(settings, scripted, kept, lock, changes, clock, tell), analyzer, faces, clock)


def _enrol(settings: Config, people: int) -> list[Embedding]:
    """Made-up people, far apart from one another."""
    rng = np.random.default_rng(4)
    faces = [_face(rng) for _ in range(people)]
    embedder = app.load_embedder(settings).sha256
    photos = [[Photo(face, 1.0, embedder, f"{index}.jpg") for index in range(3)] for face in faces]
    entries = [Enrollee(f"Person {number}", theirs) for number, theirs in enumerate(photos)]
    app.open_gallery(settings).add_all(entries, "2026-01-01T00:00:00Z")
    return faces


def _face(rng: np.random.Generator) -> Embedding:
    values = rng.normal(size=128).astype(np.float32)
    return np.asarray(values / np.linalg.norm(values), np.float32)


def _sample(process: psutil.Process) -> Sample:
    return Sample(process.num_fds(), process.num_threads(), process.memory_full_info().uss)


def _summary(samples: list[Sample]) -> dict[str, Any]:
    """Files and threads as ranges; memory as the growth from the first fifth to the last, by their medians."""
    fifth = max(1, len(samples) // 5)
    first, last = (statistics.median(one.memory for one in part) for part in (samples[:fifth], samples[-fifth:]))
    return {
        "files": [min(one.files for one in samples), max(one.files for one in samples)],
        "threads": [min(one.threads for one in samples), max(one.threads for one in samples)],
        "memory_mb": round(last / 1e6, 1),
        "memory_growth_percent": round(100 * (last / first - 1), 2),
        "samples": len(samples),
    }


if __name__ == "__main__":
    main()
