"""The time for which forgetting people keeps others from the gallery's file, where a picture of every photo is kept.

    python benchmarks/forgetting.py [--people 1000] [--photos 5] [--json]

Another process tries to take the whole file a thousand times a second: it cannot while anybody writes or reads. The
longest time for which it could not is the figure. On a busy machine it has the pauses of either process in it.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edgegate.clock import SystemClock, rfc3339
from edgegate.events.cloudevents import Origin
from edgegate.gallery import Details, Enrollee, Gallery, Photo
from edgegate.gallery.keys import Keys
from edgegate.journal import Journal
from edgegate.recognition.site_calibration import ScoreStore
from edgegate.service.retention import Retention, forget

EMBEDDER = "e" * 64
PICTURE_BYTES = 60_000
"""A crop as `[enrolment] keep_photos` keeps it."""

DUE = 5
"""People whom retention forgets in one go."""

DAYS = 30
PAST = Details(valid_from="2020-01-01T00:00:00Z", valid_until="2021-01-01T00:00:00Z")

EVERY_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Hold:
    """An action, how long it took, and the longest time for which the file could not be had, in seconds."""

    what: str
    seconds: float
    longest: float
    tries: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--photos", type=int, default=5, help="of each person")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--probe", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.probe:
        probe(args.probe)
        return
    with tempfile.TemporaryDirectory() as folder:
        gallery = build(Path(folder), args.people, args.photos)
        size, holds = gallery.path.stat().st_size, list(measure(gallery))
    if args.json:
        print(json.dumps({"bytes": size, "holds": [asdict(hold) for hold in holds]}))
        return
    print(f"{args.people} people, {args.photos} photos each with its picture: {size / 1e6:.0f} MB")
    for hold in holds:
        print(f"{hold.what:36} {hold.seconds:6.2f} s, held for {1000 * hold.longest:4.0f} ms ({hold.tries} tries)")


def build(folder: Path, people: int, photos: int) -> Gallery:
    """An encrypted gallery; the last few people have not been able to enter for longer than anybody is kept."""
    rng = np.random.default_rng(1)
    gallery = Gallery(folder / "data" / "gallery.db", key=Keys(folder / "edgegate.key", folder / "data"))
    for start in range(0, people, 100):
        numbers = range(start, min(start + 100, people))
        entries = [
            Enrollee(f"Person {n}", _photos(rng, photos), PAST if n >= people - DUE else Details()) for n in numbers
        ]
        gallery.add_all(entries, rfc3339(time.time()))
    return gallery


def _photos(rng: np.random.Generator, count: int) -> list[Photo]:
    faces = rng.normal(size=(count, 128)).astype(np.float32)
    faces /= np.linalg.norm(faces, axis=1, keepdims=True)
    return [Photo(face, 0.9, EMBEDDER, f"{n}.jpg", picture=os.urandom(PICTURE_BYTES)) for n, face in enumerate(faces)]


def measure(gallery: Gallery) -> Iterator[Hold]:
    """Forget one person as `people forget` does, and several as retention does; then read everybody as the door does.

    Everybody was enrolled today, but those who are due could enter until years ago.
    """
    clock, scores = SystemClock(), ScoreStore(gallery.path.with_name("scores.db"), 30)

    def journal() -> Journal:
        origin = Origin("home", "front", "b1")
        return Journal(gallery.path.with_name("journal.db"), origin=origin, clock=clock, outbox=False)

    with closing(journal()) as log:
        yield held(gallery.path, "people forget", lambda: forget(gallery, log, scores, clock, "Person 0"))
    kept = len(gallery.people()) - DUE
    retention = Retention(gallery, journal, scores, clock, DAYS, threading.Event(), synchronized=lambda: True)
    yield held(gallery.path, f"retention, {DUE} people", retention.look)
    assert retention.fault is None, retention.fault
    assert len(gallery.people()) == kept
    yield held(gallery.path, "everybody read, as the door does", gallery.people)


def held(path: Path, what: str, act: Callable[[], object]) -> Hold:
    """Do something while another process tries to take the file."""
    with _probing(path) as answer:
        start = time.monotonic()
        act()
        seconds = time.monotonic() - start
    longest, tries = answer[0].split()
    return Hold(what, seconds, float(longest), int(tries))


@contextmanager
def _probing(path: Path) -> Iterator[Sequence[str]]:
    """The other process; when the block is over there is what it says."""
    call = [sys.executable, __file__, "--probe", str(path)]
    answer: list[str] = []
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        yield answer
        answer.append(other.communicate()[0])


def probe(path: Path) -> None:
    """Try to take the file until stdin ends; then print for how long at most it could not be had, and the tries."""
    longest, tries = 0.0, 0
    since: float | None = None
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as db:
        print("ready", flush=True)
        while not select.select([sys.stdin], [], [], EVERY_SECONDS)[0]:
            tries += 1
            now = time.monotonic()
            if _taken(db):
                longest, since = max(longest, now - since if since is not None else 0.0), None
            elif since is None:
                since = now
    print(max(longest, time.monotonic() - since if since is not None else 0.0), tries)


def _taken(db: sqlite3.Connection) -> bool:
    try:
        db.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        return False
    db.execute("ROLLBACK")
    return True


if __name__ == "__main__":
    main()
