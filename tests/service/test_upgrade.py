"""A data folder of an earlier version goes on with this one, and not with that one again.

The folders in tests/data were made by those versions themselves, with `make_populated.py`: `schema-1` by the last one
whose gallery had schema 1, `before-the-keeper` by the last one without a lock keeper, `version-0.1.0` by that one.
"""

from __future__ import annotations

import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edgegate import journal as journals
from tests.support.daemons import NO_BROKER, start
from tests.support.paths import ROOT
from tests.support.program import Program, essence

DATA = ROOT / "tests" / "data"
EVENTS, WAITING = 122, 10
"""In each journal, and of these for the broker."""

Scene = Callable[[str], Path]


class Old:
    """A folder of an earlier version, and the program that it is given to."""

    def __init__(self, name: str, program: Program) -> None:
        home = program.data.parent
        with tarfile.open(DATA / f"{name}.tar.gz") as tar:
            tar.extractall(home, filter="data")
        self.program = program
        key = home / "gallery.key"
        self.options = ["--set", f"service.key_file={key}"] if key.exists() else []

    @property
    def journal(self) -> Path:
        return self.program.data / "journal.db"

    def plain_templates(self) -> dict[str, bytes]:
        """By person's id, as the first schema had them."""
        with closing(sqlite3.connect(self.program.data / "gallery.db")) as db:
            return dict(db.execute("SELECT person, embedding FROM photo"))

    def outbox(self) -> list[int]:
        with closing(sqlite3.connect(self.journal)) as db:
            return [seq for (seq,) in db.execute("SELECT seq FROM outbox ORDER BY seq")]


@pytest.fixture(params=["schema-1", "before-the-keeper", "version-0.1.0"])
def old(request: pytest.FixtureRequest, edgegate: Program) -> Old:
    return Old(request.param, edgegate)


def test_the_journal_is_whole_and_goes_on_where_it_ended(old: Old, scene: Scene) -> None:
    before = list(journals.read(old.journal))
    head = old.program("journal", "verify", "--json").json
    assert (len(before), len(old.outbox()), head["intact"]) == (EVENTS, WAITING, True)
    with start(old.program, scene("enrolled"), *old.options, *NO_BROKER) as daemon:
        assert daemon.end() == 0
    after = list(journals.read(old.journal))
    assert after[:EVENTS] == before
    new = after[EVENTS:]
    assert [int(event["id"].rpartition("/")[2]) for event in new] == [EVENTS + 1 + n for n in range(len(new))]
    assert [essence(event) for event in new][:2] == ["service.started", "access.granted recognised"]
    assert journals.verify(old.journal, journals.Head.parse(head["head"])).intact
    assert len(old.outbox()) == WAITING, "what waited for a broker waits still"


def test_everybody_is_recognised_as_before(old: Old, scene: Scene) -> None:
    result = old.program("replay", scene("stranger-then-enrolled"), *old.options)
    granted = [event for event in result.events if essence(event) == "access.granted recognised"]
    assert [event["data"]["person"] for event in granted] == ["Grace Hopper", "Eileen Collins"]


def test_the_first_schemas_templates_are_migrated_to_the_bit(edgegate: Program, scene: Scene) -> None:
    old = Old("schema-1", edgegate)
    before = old.plain_templates()
    with start(edgegate, scene("empty"), *NO_BROKER) as daemon:
        assert daemon.end() == 0
    people = edgegate.gallery.people()
    assert {person.id for person in people} == before.keys()
    for person in people:
        (photo,) = person.photos
        np.testing.assert_array_equal(photo.embedding, np.frombuffer(before[person.id], np.float32))
    assert (edgegate.data / "gallery.db.schema-1").exists(), "there is a backup"


@pytest.mark.parametrize(("file", "command"), [("gallery.db", ["people", "list"]), ("journal.db", ["journal", "list"])])
def test_the_way_back_is_refused_in_words_and_nothing_is_touched(old: Old, file: str, command: list[str]) -> None:
    path = old.program.data / file
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    result = old.program(*command, *old.options)
    assert result.status == 1
    assert "by a newer edgegate (schema 99, this one knows" in result.problem
    assert result.problem.endswith("; update edgegate")
    assert path.read_bytes() == before
