"""The gallery's file is held for moments only: by who reads everybody, and by who forgets somebody for good."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgegate.clock import VirtualClock
from edgegate.errors import GalleryError
from edgegate.events.cloudevents import Origin
from edgegate.gallery import Details, Gallery, Person, Photo, raw, session, snapshot
from edgegate.gallery.keys import Keys
from edgegate.journal import Journal
from edgegate.recognition.site_calibration import ScoreStore
from edgegate.service.retention import Retention
from tests.support.fakes import EMBEDDER
from tests.support.galleries import TODAY, random_photo
from tests.support.holding import held
from tests.support.paths import ROOT

PICTURE_BYTES = 30_000
LIMIT_SECONDS = 0.2


@pytest.fixture(params=["encrypted", "plain"])
def gallery(request: pytest.FixtureRequest, tmp_path: Path) -> Gallery:
    keys = Keys(tmp_path / "key", tmp_path / "data") if request.param == "encrypted" else None
    return Gallery(tmp_path / "data" / "gallery.db", key=keys)


def pictured(seed: int, source: str = "one.jpg") -> Photo:
    """A photo whose picture is like no other."""
    picture = np.random.default_rng(seed).bytes(PICTURE_BYTES)
    return Photo(random_photo(seed).embedding, 0.9, EMBEDDER, source, picture=picture)


def as_made_before(gallery: Gallery) -> None:
    """Makes the file as earlier versions did, which could not give pages back."""
    with closing(sqlite3.connect(gallery.path)) as db:
        db.executescript("PRAGMA auto_vacuum = NONE; VACUUM")


def numbers(gallery: Gallery) -> tuple[int, int]:
    """Returns the number of the file's pages, and of the free ones among them."""
    with closing(sqlite3.connect(gallery.path)) as db:
        return tuple(int(db.execute(f"PRAGMA {what}").fetchone()[0]) for what in ("page_count", "freelist_count"))  # type: ignore[return-value]


# Reading.


class Interrupted(Gallery):
    """Somebody writes each time before it takes the file, from its second time on: once, or `always`."""

    def __init__(self, path: Path, write: Callable[[], object], *, always: bool = False) -> None:
        super().__init__(path)
        self._write, self._always = write, always
        self.taken = 0

    def people(self, *, pictures: bool = False) -> tuple[Person, ...]:
        with session.reading(*self._file) as now:
            watched: Any = Watched(now.db, self._count)
            return snapshot.read_people(watched, now.keys, pictures=pictures)

    def _count(self) -> None:
        self.taken += 1
        if self.taken == 3 or self._always:
            self._write()


class Watched:
    """A connection that calls `notify` before each transaction."""

    def __init__(self, db: sqlite3.Connection, notify: Callable[[], None]) -> None:
        self._db, self._notify = db, notify

    def execute(self, query: str, *values: Any) -> sqlite3.Cursor:
        if query.startswith("BEGIN"):
            self._notify()
        return self._db.execute(query, *values)

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction


@pytest.fixture
def many(tmp_path: Path) -> Gallery:
    """More people than are read at a time."""
    gallery = Gallery(tmp_path / "gallery.db")
    for number in range(3 * snapshot.ROWS):
        gallery.add(f"p{number:02}", [random_photo(number)], TODAY)
    return gallery


def test_people_read_a_few_at_a_time_are_of_one_moment(many: Gallery) -> None:
    reading = Interrupted(many.path, partial(many.forget, "p00"))
    people = reading.people()
    assert [person.name for person in people] == [f"p{number:02}" for number in range(1, 3 * snapshot.ROWS)]
    assert all(len(person.photos) == 1 for person in people)
    assert reading.taken > 3 * 2, "it began again"


def test_a_file_that_is_changed_all_the_time_is_read_all_the_same(many: Gallery) -> None:
    reading = Interrupted(many.path, lambda: many.change("p00", Details(note=str(reading.taken))), always=True)
    assert len(reading.people()) == 3 * snapshot.ROWS
    assert reading.taken == 2 * snapshot.ATTEMPTS + 1


def test_one_person_is_found_without_the_others(many: Gallery) -> None:
    with closing(sqlite3.connect(many.path)) as db, db:
        db.execute(
            "UPDATE photo SET template = zeroblob(512) WHERE person <> (SELECT id FROM person WHERE name = 'p07')"
        )
    assert len(many.find("p07").photos) == 1
    with pytest.raises(GalleryError, match="damaged"):
        many.find("p08")


# Forgetting.


@pytest.mark.parametrize("before", [lambda _: None, as_made_before], ids=["of-this-version", "as-made-before"])
def test_nothing_of_a_forgotten_person_is_left_in_free_pages(
    gallery: Gallery, before: Callable[[Gallery], None]
) -> None:
    """The file is not rewritten: its pages are free, and zero."""
    for number in range(3):
        gallery.add(f"Neighbour {number}", [pictured(number)], TODAY)
    gallery.add("Grace", [pictured(100 + i, f"admiral-{i}.jpg") for i in range(5)], TODAY)
    before(gallery)
    traces = list(windows(gallery, "Grace"))
    content = gallery.path.read_bytes()
    assert len(traces) > 1000
    assert all(trace in content for trace in traces)

    gallery.forget("Grace")

    content = gallery.path.read_bytes()
    pages, free = numbers(gallery)
    assert free > 5 * PICTURE_BYTES // 4096
    assert len(content) == pages * 4096
    assert [trace for trace in traces if trace in content] == []
    assert [len(person.photos) for person in gallery.people(pictures=True)] == [1] * 3
    assert gallery.fault() is None


def windows(gallery: Gallery, name: str) -> Iterator[bytes]:
    """All that the file holds of somebody, in pieces short enough to lie on one page, but for the few that do not."""
    with closing(sqlite3.connect(gallery.path)) as db:
        query = "SELECT id, template, picture FROM photo JOIN person ON id = person WHERE name = ?"
        rows = db.execute(query, (name,)).fetchall()
    content = gallery.path.read_bytes()
    for person, *blobs in rows:
        yield from (name.encode(), b"admiral", person.encode())
        for blob in blobs:
            pieces = {blob[start : start + 16] for start in range(0, len(blob) - 16, 64)}
            whole = {piece for piece in pieces if piece in content}
            assert len(pieces) - len(whole) <= len(blob) // 4000 + 1
            yield from whole


def test_a_trace_in_a_free_page_is_erased_by_rewriting_the_file(gallery: Gallery) -> None:
    gallery.add("Grace", [pictured(1)], TODAY)
    gallery.add("Ann", [pictured(2)], TODAY)
    with closing(sqlite3.connect(gallery.path)) as db:
        db.executescript("PRAGMA secure_delete = OFF; CREATE TABLE copy AS SELECT picture FROM photo; DROP TABLE copy")
    for name in ("Grace", "Ann"):
        traces = list(windows(gallery, name))
        assert any(gallery.path.read_bytes().count(trace) > 1 for trace in traces)
        gallery.forget(name)
        content = gallery.path.read_bytes()
        assert [trace for trace in traces if trace in content] == []


def test_what_two_people_have_in_common_is_no_trace(gallery: Gallery) -> None:
    for name in ("Grace", "Ann"):
        gallery.add(name, [pictured(1)], TODAY, details=Details(note="came with a long note about both of them " * 9))
    gallery.forget("Grace")
    assert [person.name for person in gallery.people()] == ["Ann"]


def test_a_searched_file_keeps_the_locks_that_this_process_has_on_it(gallery: Gallery) -> None:
    gallery.add("Ann", [pictured(1)], TODAY)
    try_it = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN EXCLUSIVE')"
    with held(gallery.path, "IMMEDIATE"):
        assert raw.find(gallery.path, [b"Ann", b"Grace"]) == {b"Ann"}
        done = subprocess.run([sys.executable, "-c", try_it, gallery.path], capture_output=True, text=True, check=False)
    assert "database is locked" in done.stderr


def test_a_search_finds_what_lies_across_two_blocks_and_says_when_it_cannot(tmp_path: Path) -> None:
    needle = b"across two blocks"
    for start in range(raw.BLOCK - len(needle) - 1, raw.BLOCK + 2):
        content = bytes(start) + needle + bytes(raw.BLOCK)
        assert raw.scan(io.BytesIO(content), [b"absent", needle, b"\0"]) == [1, 2]
    assert raw.scan(io.BytesIO(b"text"), []) == []
    with pytest.raises(OSError, match="No such file"):
        raw.find(tmp_path / "missing", [needle])


# The file's size.


def test_free_pages_are_given_back_in_steps_and_nobody_is_lost(gallery: Gallery) -> None:
    for number in range(6):
        gallery.add(f"p{number}", [pictured(number)], TODAY)
    gallery.forget("p0")
    before = numbers(gallery)
    steps = 1
    while gallery.give_back(3):
        assert numbers(gallery)[0] == before[0] - 3 * steps
        steps += 1
    assert (numbers(gallery)[1], steps >= before[1] // 3) == (0, True)
    assert numbers(gallery)[0] <= before[0] - before[1]
    assert len(gallery.people(pictures=True)) == 5
    assert gallery.fault() is None
    assert not gallery.give_back(3)


def test_retention_gives_the_pages_of_those_it_forgets_back(gallery: Gallery) -> None:
    past = Details(valid_from="2020-01-01T00:00:00Z", valid_until="2021-01-01T00:00:00Z")
    for number in range(6):
        gallery.add(f"p{number}", [pictured(number)], TODAY, details=past if number else Details())
    before, clock = numbers(gallery)[0], VirtualClock(datetime.fromisoformat(TODAY).timestamp())
    folder = gallery.path.parent

    def journal() -> Journal:
        return Journal(folder / "journal.db", origin=Origin("home", "front", "b"), clock=clock, outbox=False)

    retention = Retention(
        gallery, journal, ScoreStore(folder / "scores.db", 30), clock, 30, threading.Event(), synchronized=lambda: True
    )
    retention.look()
    assert retention.fault is None
    assert [person.name for person in gallery.people(pictures=True)] == ["p0"]
    pages, free = numbers(gallery)
    assert (free, pages < before / 2) == (0, True)


def test_a_gallery_as_made_before_is_used_as_it_is_and_fills_its_free_pages_again(gallery: Gallery) -> None:
    assert not gallery.give_back(3), "there is none"
    for number in range(6):
        gallery.add(f"p{number}", [pictured(number)], TODAY)
    as_made_before(gallery)
    content = gallery.path.read_bytes()
    assert [len(person.photos) for person in gallery.people(pictures=True)] == [1] * 6
    assert gallery.path.read_bytes() == content
    gallery.forget("p0")
    assert not gallery.give_back(3)
    assert numbers(gallery)[0] == len(content) // 4096
    gallery.add("again", [pictured(9)], TODAY)
    assert numbers(gallery)[0] <= len(content) // 4096 + 1


# How long.


@pytest.mark.parametrize("people", [60, pytest.param(1000, marks=pytest.mark.full)])
def test_forgetting_and_reading_hold_the_file_for_moments(people: int) -> None:
    """The benchmark's figures; another process tries to take the file meanwhile."""
    call = [sys.executable, "benchmarks/forgetting.py", "--people", str(people), "--json"]
    done = subprocess.run(call, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["bytes"] > people * 300_000
    assert [hold["what"].split()[0] for hold in measured["holds"]] == ["people", "retention,", "everybody"]
    assert max(hold["longest"] for hold in measured["holds"]) <= LIMIT_SECONDS, measured
