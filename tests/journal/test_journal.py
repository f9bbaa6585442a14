"""The journal: durable, contiguous, tamper-evident, and all or nothing."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from edgegate.cli import main
from edgegate.clock import VirtualClock
from edgegate.errors import JournalError, UsageError
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Head, Journal, Verification, after, chain, last_of, last_time, last_with, read, verify
from edgegate.journal.chain import last_issued

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def open_journal(path: Path, *, outbox: bool = True, boot: str = "b1") -> Journal:
    return Journal(path, origin=Origin("home", "front", boot), clock=VirtualClock(START), outbox=outbox)


def denied(at: float = 1.0, subject: str | None = None) -> Event:
    return Event(EventType.DENIED, at, subject, {"reason": "unknown", "person": None, "frame_at": at})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.db"


@pytest.fixture
def filled(path: Path) -> Path:
    """A closed journal of ten events, a second apart."""
    journal = open_journal(path)
    for second in range(10):
        journal.append([denied(float(second))])
    journal.close()
    return path


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


def tamper(path: Path, *statements: str) -> None:
    """Does what somebody with write access and a SQLite shell can do."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("DROP TRIGGER events_stay; DROP TRIGGER events_are_final")
    for statement in statements:
        db.execute(statement)
    db.close()


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


WRITER = """
import sys
from pathlib import Path
from edgegate.clock import SystemClock
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Journal
path, boot, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
clock = SystemClock()
journal = Journal(path, origin=Origin("home", "front", boot), clock=clock, outbox=True)
for _ in range(count):
    (event,) = journal.append([Event(EventType.DENIED, clock.monotonic(), data={"reason": "x" * 500})])
    print(event["id"], flush=True)
"""


def start_writer(path: Path, boot: str, count: int, prelude: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", prelude + WRITER, str(path), boot, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_append_to_one_unbroken_chain(path: Path) -> None:
    writers = [start_writer(path, boot, 60) for boot in ("a", "b", "c")]
    written = [identifier for writer in writers for identifier in writer.communicate(timeout=60)[0].split()]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert sorted(int(identifier.rpartition("/")[2]) for identifier in written) == list(range(1, 181))
    assert verify(path).head.seq == 180
    assert len(open_journal(path).pending(0, 1000)) == 180


def test_a_killed_writer_leaves_a_whole_chain_with_everything_it_was_told_is_written(path: Path) -> None:
    for boot in ("k1", "k2", "k3"):
        writer = start_writer(path, boot, 100_000)
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(20)]
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.readlines()
        writer.communicate(timeout=10)
        kept = {event["id"] for event in read(path)}
        assert {line.strip() for line in told if line.endswith("\n")} <= kept
        assert verify(path).intact
    assert open_journal(path).append([denied()])


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(path: Path) -> None:
    journal = open_journal(path)
    journal.append([denied()])
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    batch = [denied(second) for second in range(500)]
    with pytest.raises(JournalError, match=r"^.*journal\.db: cannot be written: the disk is full; free some space$"):
        journal.append(batch)
    assert verify(path).head.seq == 1
    journal._db.execute("PRAGMA max_page_count = 100000")
    assert journal.append([denied()])[0]["id"] == "front/b1/2", "it goes on where space was made"


def test_a_file_that_may_not_grow_is_one_line_too(path: Path) -> None:
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limit += f"resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, {resource.RLIM_INFINITY}))\n"
    writer = start_writer(path, "b1", 100_000, prelude=limit)
    out, err = writer.communicate(timeout=60)
    assert writer.returncode == 1
    assert err.splitlines()[-1].startswith("edgegate.errors.JournalError: ")
    found = verify(path)
    assert found.intact
    assert found.head.seq == len(out.split())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="cannot be created"):
        open_journal(tmp_path / "file" / "journal.db")


def test_a_locked_journal_is_one_line(path: Path) -> None:
    journal = open_journal(path)
    journal._db.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="locked"):
        journal.append([denied()])
    other.execute("ROLLBACK")
    assert journal.append([denied()])


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to look like something" * 99])
def test_a_file_that_is_no_journal(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(JournalError, match="not an edgegate journal"):
        open_journal(path)
    assert path.read_bytes() == content


def test_a_damaged_journal(filled: Path) -> None:
    with filled.open("r+b") as file:
        file.seek(100)
        file.write(os.urandom(filled.stat().st_size - 100))
    with pytest.raises(JournalError, match="damaged"):
        open_journal(filled).append([denied()])


def test_a_journal_of_a_newer_version(filled: Path) -> None:
    sqlite3.connect(filled).execute("PRAGMA user_version = 2")
    with pytest.raises(JournalError, match="newer edgegate"):
        open_journal(filled)


def test_reading_makes_no_file(path: Path) -> None:
    with pytest.raises(UsageError, match="no journal here yet"):
        list(read(path))
    assert not path.exists()


class TestCommand:
    """`edgegate journal …`"""

    @staticmethod
    def run(path: Path, *words: str) -> int:
        return main(["journal", words[0], "--data", str(path.parent), *words[1:]])

    def test_list(self, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run(filled, "list", "--last", "3", "--since", "2026-01-01T00:00:02") == 0
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 3
        assert all("front" in line and "access.denied" in line and "unknown" in line for line in lines)

    def test_since_is_a_time_of_the_doors_zone(self, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The events lie between 00:00:00 and 00:00:09 in UTC, and so on the day before in New York."""
        new_york = ("--set", "access.time_zone=America/New_York")
        assert self.run(filled, "list", "--since", "2025-12-31 19:00:08", "--json", *new_york) == 0
        out, err = capsys.readouterr()
        assert [event["time"][17:19] for event in json.loads(out)] == ["08", "09"]
        assert err == "since 2025-12-31 19:00:08 EST (America/New_York)\n"
        assert self.run(filled, "list", "--last", "1", *new_york) == 0
        assert capsys.readouterr().out.startswith("2025-12-31 19:00:09  front")

    def test_since_two_hours_ago(self, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for words in (["--since", "-2h"], ["--since=-2h"]):
            assert self.run(filled, "list", *words) == 0
            assert capsys.readouterr().out == ""
        assert self.run(filled, "list", "--since", "-9999w") == 0
        assert len(capsys.readouterr().out.splitlines()) == 10

    def test_list_as_json(self, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run(filled, "list", "--json", "--type", "access.denied") == 0
        assert json.loads(capsys.readouterr().out) == list(read(filled))

    def test_verify_prints_a_head_to_note(self, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run(filled, "verify", "--json") == 0
        head = json.loads(capsys.readouterr().out)["head"]
        assert self.run(filled, "verify", "--expect", head) == 0
        assert f"intact, 10 rows; head {head}" in capsys.readouterr().out

    def test_verify_says_where_it_is_broken(self, filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
        tamper(filled, "DELETE FROM events WHERE seq = 5")
        assert self.run(filled, "verify") == 1
        assert "BROKEN at row 5: rows are missing: the next is 6" in capsys.readouterr().out

    def test_export(self, filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run(filled, "export", "--out", str(tmp_path / "out.jsonl")) == 0
        lines = (tmp_path / "out.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == list(read(filled))
        assert (tmp_path / "out.jsonl").stat().st_mode & 0o777 == 0o600
        capsys.readouterr()
        assert self.run(filled, "export") == 0
        assert capsys.readouterr().out.splitlines() == lines

    def test_export_to_stdout_by_its_name_is_nothing_else(
        self, filled: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run(filled, "export", "--out", "/dev/fd/1") == 0
        assert list(map(json.loads, capfd.readouterr().out.splitlines())) == list(read(filled))

    @pytest.mark.parametrize(
        ("words", "status"),
        [
            (["list"], 2),
            (["verify"], 2),
            (["export", "--out", "never.jsonl"], 2),
            (["verify", "--expect", "nonsense"], 2),
        ],
    )
    def test_a_wrong_call(
        self, path: Path, words: Sequence[str], status: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run(path, *words) == status
        assert len(capsys.readouterr().err.splitlines()) == 1
        assert not Path("never.jsonl").exists()

    def test_a_damaged_file(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path.parent.mkdir()
        path.write_bytes(b"x" * 5000)
        assert self.run(path, "list") == 1
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_last_event_with_a_key_is_found(path: Path) -> None:
    journal = open_journal(path)
    assert last_with(path, "keeper") is None
    for number in (1, 2):
        journal.append([Event(EventType.LOCKED, 1.0, data={"keeper": f"s/{number}"})])
    journal.append([Event(EventType.LOCK_FAULT, 2.0, data={"reason": '"keeper": in the text'}), denied()])
    event = last_with(path, "keeper")
    assert event is not None
    assert event["data"]["keeper"] == "s/2"
    journal.close()
