"""People added and removed by another process while the door is in service: at the door within two seconds."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgegate.access.gate import Gate, GateRules
from edgegate.clock import SystemClock
from edgegate.errors import GalleryError
from edgegate.events.cloudevents import CloudEvent, Origin
from edgegate.events.vocabulary import Event
from edgegate.gallery import Gallery, Person
from edgegate.journal import Journal
from edgegate.lock.controller import build_lock
from edgegate.lock.wiring import Wiring
from edgegate.loop.turn import Loop
from edgegate.recognition.identification import Identifier
from edgegate.recognition.pipeline import Pipeline
from edgegate.recognition.thresholds import Table
from edgegate.recognition.tracking import Tracker, TrackingRules
from edgegate.service.gallery_watch import AWAIT_SECONDS, GalleryWatch
from edgegate.types import Frame
from edgegate.vision.faces import Face
from tests.support.fakes import EMBEDDER, IMAGE, FakePeople, face_at, looks, person, photo
from tests.support.holding import held
from tests.support.program import essence

WITHIN_SECONDS = 2.0
FRAMES = 3
TABLE = Table([{"data": "lfw", "photos": 5, "frames": 5, "rate": 1e-6, "threshold": 0.9, "trials": 9}])
ELSEWHERE = """
import sys
from pathlib import Path
from edgegate.clock import SystemClock
from edgegate.gallery import Gallery
from tests.support.fakes import looks, photo
gallery, act, name = Gallery(Path(sys.argv[1])), sys.argv[2], sys.argv[3]
if act == "add":
    gallery.add(name, [photo(looks(0))], "2026-01-01T00:00:00Z")
else:
    gallery.forget(name)
print(SystemClock().monotonic())
"""


class View:
    """An analyzer and a motion gate for which the same face, or nobody, stands at the door."""

    def __init__(self) -> None:
        self.face: Face | None = face_at(0.0, embedding=looks(0))

    def detect(self, _frame: Frame) -> tuple[Face, ...]:
        return (self.face,) if self.face else ()

    def describe(self, _frame: Frame, face: Face) -> Face:
        return face

    def moved(self, _frame: Frame) -> bool:
        return True


class Door:
    """Real from the pipeline to the journal, the gallery's file and the thread that keeps up with it included."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "gallery.db"
        self.clock, self.view = SystemClock(), View()
        self.events: list[CloudEvent] = []
        self.stopping = threading.Event()
        self.identifier = Identifier(Gallery(self.file), TABLE, EMBEDDER, 1e-3, FRAMES)
        self.watch = GalleryWatch(self.identifier, self.stopping)
        changes: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._lock = build_lock(Wiring(pins="mock"), self.clock, changes.put)
        self._journal = Journal(folder / "j.db", origin=Origin("home", "front", "b"), clock=self.clock, outbox=False)
        tracker = Tracker(TrackingRules(pool_frames=FRAMES))
        self._loop = Loop(
            Pipeline(self.view, self.view, tracker, self.identifier),
            Gate(GateRules(decide_after_frames=FRAMES, refuse_after_frames=10_000), "m"),
            self._journal,
            self._lock,
            changes,
            self.clock,
            lambda _: None,
            self.events.append,
        )
        self._seq = 0

    def turn(self) -> None:
        self._loop.turn(Frame(self.clock.monotonic(), self._seq, IMAGE))
        self._seq += 1

    def until(self, happened: Callable[[], object]) -> float:
        """Turn until it has happened, at most half a minute; when that was."""
        end = self.clock.monotonic() + 30
        while not happened():
            assert self.clock.monotonic() < end, "it does not happen"
            self.turn()
        return self.clock.monotonic()

    def elsewhere(self, act: str, name: str = "ann") -> float:
        """Another process changes the gallery; when it had done so, on the monotonic clock that all share."""
        done = subprocess.run(
            [sys.executable, "-c", ELSEWHERE, str(self.file), act, name], check=True, capture_output=True, text=True
        )
        return float(done.stdout)

    def granted(self) -> bool:
        return any(essence(event).startswith("access.granted") for event in self.events)

    def close(self) -> None:
        self.watch.close(5)
        self._lock.close()
        self._journal.close()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(tmp_path)
    yield door
    door.close()


def test_somebody_enrolled_by_another_process_is_let_in_within_two_seconds(door: Door) -> None:
    door.watch.start()
    for _ in range(10):
        door.turn()
    assert not door.granted()
    done = door.elsewhere("add")
    assert door.until(door.granted) - done < WITHIN_SECONDS


def test_somebody_forgotten_within_their_visit_is_not_let_in_after_two_seconds(door: Door) -> None:
    door.elsewhere("add")
    door.identifier.refresh()
    door.watch.start()
    for _ in range(FRAMES - 1):
        door.turn()
    done = door.elsewhere("forget")
    door.view.face = face_at(0.0)  # still there, too poor to be decided on
    door.until(lambda: door.clock.monotonic() - done > WITHIN_SECONDS)
    door.view.face = face_at(0.0, embedding=looks(0))
    for _ in range(3 * FRAMES):
        door.turn()
    assert door.events == []


def test_somebody_forgotten_while_another_visitor_stays_is_not_let_in_either(door: Door) -> None:
    door.elsewhere("add", "ben")
    door.elsewhere("add", "ann")
    assert door.identifier.refresh()
    door.watch.start()
    done = door.elsewhere("forget", "ann")
    assert door.until(lambda: len(door.identifier.people) == 1) - done < WITHIN_SECONDS
    assert [p.name for p in door.identifier.people] == ["ben"]


# The thread.


class SlowPeople(FakePeople):
    """A gallery whose reading takes until `readable` is set."""

    def __init__(self, *everybody: Person) -> None:
        super().__init__(everybody)
        self.reading, self.readable = threading.Event(), threading.Event()
        self.readable.set()

    def people(self) -> tuple[Person, ...]:
        self.reading.set()
        assert self.readable.wait(30)
        return super().people()


def test_while_the_gallery_is_read_faces_are_matched_with_the_people_before() -> None:
    gallery = SlowPeople(person("ann", photo(looks(0))))
    known = Identifier(gallery, TABLE, EMBEDDER, 1e-3, FRAMES)
    watch = GalleryWatch(known, threading.Event())
    gallery.readable.clear()
    gallery.reading.clear()
    gallery.everybody, gallery.revision = (person("ben", photo(looks(0))),), 1
    watch.start()
    assert gallery.reading.wait(10)
    match = known.match(looks(0), 5)
    assert match is not None
    assert match.person == "id-of-ann"
    gallery.readable.set()
    _wait(lambda: known.match(looks(0), 5) != match)
    watch.close(10)


class Failing:
    """An identifier whose refreshing raises these errors, one after the other; None for a refresh that works."""

    def __init__(self, *errors: Exception | None) -> None:
        self._errors = list(errors)

    def refresh(self) -> bool:
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error
        return False

    def name_of(self, _person: str) -> str | None:
        return None


def test_a_gallery_that_cannot_be_read_is_a_fault_for_as_long_as_that_lasts() -> None:
    unreadable = Failing(*[GalleryError("damaged")] * 3)
    watch = GalleryWatch(unreadable, threading.Event())
    watch.start()
    _wait(lambda: watch.fault == "damaged")
    _wait(lambda: watch.fault is None)
    watch.close(10)
    assert watch.failed is None


def test_a_thread_that_dies_says_so() -> None:
    watch = GalleryWatch(Failing(ValueError("a mistake")), threading.Event())
    watch.start()
    _wait(lambda: watch.failed is not None)
    assert str(watch.failed) == "a mistake"
    watch.close(10)


# Names.


def test_somebody_enrolled_a_moment_ago_elsewhere_has_a_name(door: Door) -> None:
    door.watch.start()
    door.elsewhere("add", "ann")
    (person,) = Gallery(door.file).names()
    assert door.watch.name_of(person) == "ann"
    assert door.watch.name_of(person) == "ann"


def test_a_name_that_is_known_is_not_waited_for_nor_is_one_that_never_came_again(door: Door) -> None:
    known, clock = Gallery(door.file).add("ann", [photo(looks(0))], "2026-01-01T00:00:00Z"), door.clock
    assert door.identifier.refresh()
    door.watch.start()
    with held(door.file):
        start = clock.monotonic()
        assert door.watch.name_of(known.id) == "ann"
        assert door.watch.name_of("nobody") is None
        first = clock.monotonic() - start
        assert door.watch.name_of("nobody") is None
        assert clock.monotonic() - start - first < AWAIT_SECONDS / 2
    assert first < AWAIT_SECONDS + 1.0


def test_a_forgotten_id_is_waited_for_only_until_the_file_was_looked_at(door: Door) -> None:
    door.watch.start()
    start = door.clock.monotonic()
    assert door.watch.name_of("forgotten") is None
    assert door.clock.monotonic() - start < AWAIT_SECONDS, "three looks come sooner"


def _wait(happened: Callable[[], bool]) -> None:
    """At most half a minute."""
    pause = threading.Event()
    for _ in range(3000):
        if happened():
            return
        pause.wait(0.01)
    raise AssertionError("it does not happen")
