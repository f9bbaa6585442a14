"""`edgegate people`: what is said of people, changing it, and forgetting with a receipt."""

from __future__ import annotations

import functools
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest

from edgegate import journal
from edgegate.clock import VirtualClock, rfc3339
from edgegate.errors import GalleryError, JournalError, UsageError
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.gallery import Details, Gallery
from edgegate.journal import Journal
from edgegate.recognition.site_calibration import ScoredVisit, ScoreStore
from edgegate.service import retention
from tests.support.door_scenes import ENROLLED
from tests.support.fakes import looks, photo
from tests.support.program import Program, Result

DAY = 86_400.0
START = 1_767_225_600.0  # 2026-01-01T00:00:00Z


# The commands.


def test_what_is_said_of_somebody_is_changed_and_listed(door: Program) -> None:
    name = ENROLLED.person
    said = ("--group", "staff", "--group", "night", "--note", "left-handed")
    changed = door("people", "change", name, *said, "--valid-until", "2030-01-01T12:00Z", "--json").json
    assert (changed["groups"], changed["note"]) == (["staff", "night"], "left-handed")
    assert (changed["valid_from"], changed["valid_until"]) == (None, "2030-01-01T12:00:00.000Z")
    listed = door("people", "list").out.splitlines()[0]
    for part in (name, "1 photos", "quality 0.", "last seen never", "in staff, night", "until 2030-01-01T12", "left"):
        assert part in listed
    assert "left-handed" in door("people", "show", name).out
    cleared = door("people", "change", name, "--group", "none", "--note", "", "--valid-until", "none", "--json").json
    assert (cleared["groups"], cleared["note"], cleared["valid_until"]) == ([], "", None)
    (event,) = door("journal", "list", "--json", "--last", "1").json
    assert (event["type"], event["data"]["changed"]) == (
        "io.edgegate.person.changed",
        ["groups", "note", "valid_until"],
    )


def test_a_change_that_makes_no_sense_is_a_wrong_call(door: Program) -> None:
    name = ENROLLED.person
    for call in (
        [name],
        [name, "--valid-from", "soon"],
        [name, "--valid-from", "2026-02-01", "--valid-until", "2026-01-01"],
        [name, "--group", ""],
    ):
        result = door("people", "change", *call)
        assert result.status == 2
        assert result.problem
    assert door("people", "change", "Nobody", "--note", "x").status == 1
    assert door.gallery.find(name).valid_from is None


def test_forgetting_gives_a_receipt_of_what_was_erased_and_searched(door: Program) -> None:
    name = ENROLLED.person
    person = door.gallery.find(name)
    crop = door.data / "crops" / f"{person.id}-1.jpg"
    crop.parent.mkdir()
    crop.write_bytes(b"a face")
    receipt = door("people", "forget", name, "--json").json
    assert (receipt["forgotten"], receipt["id"], receipt["templates_erased"]) == (name, person.id, 1)
    assert receipt["files_removed"] == [str(crop)]
    assert receipt["searched"] == [str(door.data / "gallery.db")]
    assert receipt["journal"]["intact"]
    assert receipt["retrain"] is None
    assert not crop.exists()
    assert not any(name.encode() in file.read_bytes() for file in door.data.rglob("*") if file.is_file())
    assert door("journal", "verify").status == 0


def test_without_the_key_people_are_still_listed_and_forgotten(door: Program, tmp_path: Path) -> None:
    lost = ("--set", f"service.key_file={tmp_path / 'etc' / 'edgegate.key'}")
    listed = door("people", "list", *lost)
    assert (listed.status, "cannot be recognised: the key is lost" in listed.out) == (0, True)
    assert "`edgegate people rotate-key --lost`" in listed.out.splitlines()[-1]
    assert "gallery" in {f["part"] for f in door("check", "--json", *lost).json if f["state"] == "failed"}
    refused = door("enroll", "Ann", ENROLLED.file, *lost)
    assert (refused.status, "the key of this gallery is lost" in refused.problem) == (1, True)
    rotated = door("people", "rotate-key", "--lost", "--json", *lost).json
    assert (rotated["photos"], rotated["unreadable"]) == (0, [ENROLLED.person])
    assert door("people", "forget", ENROLLED.person, *lost).status == 0
    assert door("enroll", "Ann", ENROLLED.file, *lost).status == 0


def test_the_key_is_rotated_and_everybody_stays(door: Program, tmp_path: Path) -> None:
    before = door.gallery.find(ENROLLED.person)
    result = door("people", "rotate-key")
    assert (result.status, result.out.startswith("1 photos are encrypted with the new key ")) == (0, True)
    after = door.gallery.find(ENROLLED.person)
    assert [s.embedding.tobytes() for s in after.photos] == [s.embedding.tobytes() for s in before.photos]
    assert door("people", "unpack-backup", tmp_path / "old.db").problem.endswith("there is no backup")


# Times.


def test_validity_is_in_the_doors_zone_and_printed_back(door: Program) -> None:
    def change(*words: str) -> Result:
        return door("people", "change", ENROLLED.person, *words, "--json", "--set", "access.time_zone=America/New_York")

    day = change("--valid-from", "2026-07-01", "--valid-until", "2026-12-31")
    assert day.err.splitlines() == [
        "valid from 2026-07-01 00:00 EDT (America/New_York)",
        "valid until 2027-01-01 00:00 EST (America/New_York)",
    ]
    assert (day.json["valid_from"], day.json["valid_until"]) == ("2026-07-01T04:00:00.000Z", "2027-01-01T05:00:00.000Z")
    cleared = change("--valid-from", "none", "--valid-until", "+2h")
    assert cleared.json["valid_from"] is None
    assert cleared.err.startswith("valid until 20")
    until = datetime.fromisoformat(cleared.json["valid_until"]).timestamp()
    assert until == pytest.approx(time.time() + 7200, abs=60)


def test_the_gallery_takes_no_moment_without_a_zone(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path / "gallery.db")
    for wrong in (Details(valid_from="2026-01-01"), Details(valid_until="soon")):
        with pytest.raises(UsageError, match="not a moment with its zone"):
            gallery.add("Ann", [photo(looks(0))], rfc3339(START), details=wrong)
    assert gallery.people() == ()


# Retention.


class Kept:
    """A gallery and a journal whose clock is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(START)
        self.gallery = Gallery(folder / "gallery.db")
        self.scores = ScoreStore(folder / "scores.db", days=30)
        self.journal = self.open()

    def open(self) -> Journal:
        return Journal(
            self.gallery.path.with_name("journal.db"),
            origin=Origin("home", "front", "b"),
            clock=self.clock,
            outbox=False,
        )

    def enrol(self, name: str, details: Details = Details()) -> str:  # noqa: B008 (frozen)
        return self.gallery.add(name, [photo(looks(0))], rfc3339(self.clock.wall()), details=details).id

    def let_in(self, person: str) -> None:
        self.journal.append([Event(EventType.GRANTED, self.clock.monotonic(), person, {"person": None})])

    def purge(self, days: int) -> list[str]:
        return [
            forgotten.erased.person.name
            for forgotten in retention.purge(self.gallery, self.journal, self.scores, self.clock, days)
        ]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_people_not_let_in_for_the_days_of_retention_are_forgotten(kept: Kept) -> None:
    ids = {name: kept.enrol(name) for name in ("Ann", "Ben")}
    kept.enrol("Later", Details(valid_from=rfc3339(START + 40 * DAY)))
    kept.enrol("Guest", Details(valid_until=rfc3339(START + 5 * DAY)))
    kept.clock.advance(10 * DAY)
    kept.let_in(ids["Ann"])
    kept.clock.advance(29.9 * DAY)
    assert kept.purge(0) == []
    assert kept.purge(30) == []
    kept.clock.advance(30 * DAY)
    assert kept.purge(30) == ["Ben", "Guest"]
    kept.clock.advance(40 * DAY)
    assert kept.purge(30) == ["Ann"]
    assert [person.name for person in kept.gallery.people()] == ["Later"]
    events = list(journal.read(kept.journal.path, kind="person.forgotten"))
    assert [event["data"]["reason"] for event in events] == ["retention"] * 3
    assert journal.verify(kept.journal.path).intact


def test_past_validity_counts_even_for_a_person_seen_after(kept: Kept) -> None:
    guest = kept.enrol("Guest", Details(valid_until=rfc3339(START + DAY)))
    kept.clock.advance(20 * DAY)
    kept.let_in(guest)
    kept.clock.advance(31 * DAY)
    assert kept.purge(30) == ["Guest"]


def test_nobody_is_forgotten_by_a_clock_that_may_be_wrong(kept: Kept) -> None:
    kept.enrol("Ann")
    kept.clock.advance(1000 * DAY)
    for right, left in ((False, ["Ann"]), (True, [])):
        looker = retention.Retention(
            kept.gallery,
            kept.open,
            kept.scores,
            kept.clock,
            30,
            threading.Event(),
            synchronized=functools.partial(bool, right),
        )
        looker.look()
        assert [person.name for person in kept.gallery.people()] == left


def test_retention_that_fails_is_a_fault_until_it_succeeds(kept: Kept) -> None:
    kept.enrol("Ann")
    kept.clock.advance(1000 * DAY)
    faults = [JournalError("the disk is full")]

    def reluctant() -> Journal:
        if faults:
            raise faults.pop()
        return kept.open()

    looker = retention.Retention(
        kept.gallery, reluctant, kept.scores, kept.clock, 30, threading.Event(), synchronized=lambda: True
    )
    looker.look()
    assert looker.fault == "the disk is full"
    looker.look()
    assert looker.fault is None
    assert kept.gallery.people() == ()


def test_a_forgotten_person_is_in_no_event_by_name(kept: Kept) -> None:
    kept.enrol("Ann")
    retention.forget(kept.gallery, kept.journal, kept.scores, kept.clock, "Ann")
    assert journal.names(kept.journal.path, "Ann") == 0


def test_the_scores_of_visits_are_forgotten_with_the_visitor(kept: Kept) -> None:
    ann, ben = kept.enrol("Ann"), kept.enrol("Ben")
    for person in (ann, ben, None):
        kept.scores.keep(ScoredVisit(START, 0.98, 0.8, 0.96, person, person is not None, 5, "sha"))
    forgotten = retention.forget(kept.gallery, kept.journal, kept.scores, kept.clock, "Ann")
    assert forgotten.visits == 1
    assert [visit.person for visit in kept.scores.visits("sha")] == [ben, None]
    assert ann.encode() not in kept.scores.path.read_bytes()


def test_an_erasure_that_cannot_be_recorded_did_not_happen(kept: Kept) -> None:
    kept.enrol("Ann")

    def fail(_person: str) -> None:
        raise GalleryError("the disk is full")

    with pytest.raises(GalleryError, match="the disk is full"):
        kept.gallery.forget("Ann", fail)
    assert [person.name for person in kept.gallery.people()] == ["Ann"]
