"""Files for one user's eyes, made by root too."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edgegate.clock import VirtualClock
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.gallery import Gallery
from edgegate.gallery.keys import Keys
from edgegate.journal import Journal
from edgegate.system import private_files
from tests.support.fakes import looks, photo

SERVICE = 4321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")


def owners(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Each file's user, group and mode."""
    return {
        file.name: (file.stat().st_uid, file.stat().st_gid, stat.S_IMODE(file.stat().st_mode))
        for file in folder.rglob("*")
    }


@as_root
def test_what_root_makes_in_the_services_folder_belongs_to_the_service(tmp_path: Path) -> None:
    data, etc = tmp_path / "data", tmp_path / "etc"
    data.mkdir(mode=0o700)
    os.chown(data, SERVICE, SERVICE)
    etc.mkdir()
    gallery = Gallery(data / "deeper" / "gallery.db", key=Keys(etc / "edgegate.key", data))
    gallery.add("Ann", [photo(looks(0))], "2026-01-01T00:00:00Z")
    journal = Journal(data / "journal.db", origin=Origin("home", "front", "b"), clock=VirtualClock(), outbox=False)
    journal.append([Event(EventType.PERSON_ENROLLED, 0.0, "p", {"person": None})])

    assert owners(data)["deeper"] == (SERVICE, SERVICE, 0o700)
    files = {name: owner for name, owner in owners(data).items() if name != "deeper"}
    assert {"gallery.db", "journal.db", "journal.db-wal", "journal.db-shm"} <= set(files)
    assert set(files.values()) == {(SERVICE, SERVICE, 0o600)}
    assert owners(etc) == {"edgegate.key": (SERVICE, SERVICE, 0o600)}
    journal.close()


@as_root
def test_a_link_in_the_way_is_neither_followed_nor_given_away(tmp_path: Path) -> None:
    data, victim = tmp_path / "data", tmp_path / "victim"
    data.mkdir()
    os.chown(data, SERVICE, SERVICE)
    victim.write_text("root's")
    (data / "file").symlink_to(victim)
    with pytest.raises(FileExistsError):
        private_files.create(data / "file")
    with pytest.raises(FileExistsError):
        private_files.write_new(data / "file", b"x")
    private_files.write(data / "file", b"x")  # this takes the link's place
    assert (victim.read_text(), victim.stat().st_uid) == ("root's", 0)
    assert (data / "file").stat().st_uid == SERVICE


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    private_files.write_new(tmp_path / "file", b"first")
    with pytest.raises(FileExistsError):
        private_files.write_new(tmp_path / "file", b"second")
    assert (tmp_path / "file").read_bytes() == b"first"
    private_files.write(tmp_path / "file", b"third")
    assert owners(tmp_path) == {"file": (os.getuid(), os.getgid(), 0o600)}
    private_files.erase(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


WRITER = """
import os, sys
from pathlib import Path
from edgegate.system import private_files
path = Path(sys.argv[1])
def publish(draft, path):
    print(draft, flush=True)
    sys.stdin.readline()
    os.replace(draft, path)
private_files._write(path, b"late", None, publish)
"""
"""Writes a file, but waits for a line before it gives the draft its name."""


def test_the_next_write_removes_a_killed_programs_draft_and_nothing_else(tmp_path: Path) -> None:
    call = [sys.executable, "-c", WRITER, str(tmp_path / "file")]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        left = Path(killed.stdout.readline().strip())
        killed.kill()
    others = {".file.new", ".other.0123abcd.new", "file.0123abcd.new"}
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / ".file.00000000.new").symlink_to(tmp_path / ".file.new")
    assert left.exists()
    private_files.write(tmp_path / "file", b"new")
    assert {file.name for file in tmp_path.iterdir()} == {"file", ".file.00000000.new", *others}


def test_a_draft_that_another_process_is_writing_stays(tmp_path: Path) -> None:
    call = [sys.executable, "-c", WRITER, str(tmp_path / "file")]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        draft = Path(other.stdout.readline().strip())
        private_files.write(tmp_path / "file", b"early")
        assert draft.exists()
        other.communicate("go on\n")
    assert other.returncode == 0
    assert (tmp_path / "file").read_bytes() == b"late"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
