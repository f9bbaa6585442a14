"""A journal under faults: several writers, full disks, damage; and the command that reads it."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from edgegate.cli import main
from edgegate.errors import JournalError, UsageError
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import last_with, read, verify
from tests.support.journal_files import denied, open_journal, tamper

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
