"""The journal: durable, contiguous, tamper-evident, and all or nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Head, Verification, after, chain, last_of, last_time, read, verify
from edgegate.journal.chain import last_issued
from tests.support.journal_files import START, denied, open_journal, tamper


def test_events_are_numbered_over_restarts_and_read_back_as_written(path: Path) -> None:
    journal = open_journal(path)
    written = journal.append([denied(1.25, "p1"), denied(2)])
    journal.close()
    journal = open_journal(path, boot="b2")
    written += journal.append([denied(3)])
    assert [event["id"] for event in written] == ["front/b1/1", "front/b1/2", "front/b2/3"]
    assert written[0]["time"] == written[0]["data"]["frame_at"] == "2026-01-01T00:00:01.250Z"
    assert list(read(path)) == written
    assert last_time(journal.path) == START + 3


def test_the_last_of_some_kinds_and_what_came_after_it(path: Path) -> None:
    journal = open_journal(path)
    assert last_of(path, EventType.SERVICE_STARTED) is None
    assert last_time(path) == 0.0
    kinds = [EventType.SERVICE_STARTED, EventType.DENIED, EventType.SERVICE_STARTED, EventType.DENIED]
    written = journal.append([Event(kind, 0.0) for kind in kinds])
    assert last_of(path, EventType.SERVICE_STARTED, EventType.SERVICE_STOPPED) == written[2]
    assert list(after(path, written[2])) == written[3:]


def test_only_the_owner_can_read_it(path: Path) -> None:
    open_journal(path).append([denied()])
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not [file for file in path.parent.iterdir() if file.name.startswith(".")]


def test_every_commit_is_synced(path: Path) -> None:
    journal = open_journal(path)
    (synchronous,) = journal._db.execute("PRAGMA synchronous").fetchone()
    (mode,) = journal._db.execute("PRAGMA journal_mode").fetchone()
    assert (synchronous, mode) == (2, "wal")


def test_a_name_is_never_kept(path: Path) -> None:
    journal = open_journal(path)
    with pytest.raises(ValueError, match="never a name"):
        journal.append([denied(), Event(EventType.GRANTED, 1, "p1", {"person": "Grace"})])
    assert list(read(path)) == []


def test_the_outbox_empties_as_events_are_delivered(path: Path) -> None:
    journal = open_journal(path)
    journal.append([denied(second) for second in range(5)])
    open_journal(path, outbox=False).append([denied()])
    assert [seq for seq, _ in journal.pending(after=0, limit=3)] == [1, 2, 3]
    journal.delivered([1, 3])
    assert [seq for seq, _ in journal.pending(after=0, limit=9)] == [2, 4, 5]
    assert [seq for seq, _ in open_journal(path).pending(after=2, limit=9)] == [4, 5]
    assert len(list(read(path))) == 6, "what was delivered stays in the journal"


def test_reading_filters(filled: Path) -> None:
    open_journal(filled).append([Event(EventType.LOCKED, 10)])
    assert [event["id"] for event in read(filled, last=2)] == ["front/b1/10", "front/b1/11"]
    assert [event["id"] for event in read(filled, kind="access.denied", last=1)] == ["front/b1/10"]
    assert len(list(read(filled, since=START + 8))) == 3


def test_rows_can_be_neither_changed_nor_removed(filled: Path) -> None:
    db = sqlite3.connect(filled)
    for statement in ("UPDATE events SET event = '{}'", "DELETE FROM events WHERE seq = 3"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            db.execute(statement)


def test_an_untouched_journal_verifies(filled: Path) -> None:
    found = verify(filled)
    assert found.intact
    assert found.head.seq == 10
    assert verify(filled, expect=Head.parse(str(found.head))).intact


def test_an_empty_journal_verifies(path: Path) -> None:
    open_journal(path)
    assert verify(path) == Verification(Head(0, bytes(32)))


def test_a_door_that_goes_on_writing_is_not_taken_for_broken(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def written_meanwhile(db: sqlite3.Connection) -> int:
        with closing(open_journal(filled)) as journal:
            journal.append([denied(20.0)])
        return last_issued(db)

    monkeypatch.setattr(chain, "last_issued", written_meanwhile)
    assert verify(filled).intact
    assert verify(filled).head.seq == 11


@pytest.mark.parametrize(
    ("statement", "broken", "reason"),
    [
        ("UPDATE events SET event = replace(event, 'unknown', 'stale') WHERE seq = 4", 4, "hash"),
        ("UPDATE events SET event = CAST(x'ff' AS TEXT) WHERE seq = 4", 4, "hash"),
        ("UPDATE events SET event = NULL, hash = x'' WHERE seq = 4", 4, "hash"),
        ("UPDATE events SET hash = zeroblob(32) WHERE seq = 1", 1, "hash"),
        ("UPDATE events SET time = time + 60 WHERE seq = 7", 7, "time"),
        ("DELETE FROM events WHERE seq = 5", 5, "missing"),
        ("DELETE FROM events WHERE seq = 1", 1, "missing"),
        ("DELETE FROM events WHERE seq > 8", 9, "2 rows were cut off"),
        ("INSERT INTO events SELECT -1, time, event, hash FROM events WHERE seq = 1", 1, "missing"),
        ("INSERT INTO events SELECT 11, time, event, hash FROM events WHERE seq = 10", 11, "hash"),
    ],
)
def test_tampering_shows_at_its_row(filled: Path, statement: str, broken: int, reason: str) -> None:
    if "NULL" in statement:
        tamper(filled, "PRAGMA writable_schema = ON", "UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '')")
        statement = f"-- the columns may now be null\n{statement}"
        sqlite3.connect(filled, isolation_level=None).execute(statement)
    else:
        tamper(filled, statement)
    found = verify(filled)
    assert found.reason is not None
    assert reason in found.reason
    assert found.head.seq + 1 == broken


def test_a_tail_cut_off_with_its_count_shows_against_a_noted_head(filled: Path) -> None:
    noted = verify(filled).head
    tamper(filled, "DELETE FROM events WHERE seq > 8", "UPDATE sqlite_sequence SET seq = 8")
    assert verify(filled).intact, "the chain alone cannot show this"
    assert verify(filled, expect=noted).reason == "2 rows were cut off the end"


def test_a_tail_written_anew_shows_against_a_noted_head(filled: Path) -> None:
    noted = verify(filled).head
    tamper(filled, "DELETE FROM events WHERE seq > 8", "DELETE FROM outbox", "UPDATE sqlite_sequence SET seq = 8")
    journal = open_journal(filled)
    journal.append([denied(50), denied(51), denied(52)])
    assert verify(filled).intact
    found = verify(filled, expect=noted)
    assert found.head.seq == 9
    assert found.reason is not None
    assert "rewritten" in found.reason
