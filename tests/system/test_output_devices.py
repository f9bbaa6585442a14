"""Devices, FIFOs, sockets and descriptors as output: written through and left as they are, or refused."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from queue import SimpleQueue

import pytest

from edgegate.errors import EdgegateError, UsageError
from edgegate.system import output_files
from edgegate.system.output_files import complete
from tests.support.devices import device
from tests.support.output_ways import SERVICE, Way, as_bytes, as_root, as_text, by_name, every_way, names


class Reader:
    """Reads a FIFO, line by line, on a thread of its own."""

    def __init__(self, path: Path) -> None:
        self.lines: SimpleQueue[str] = SimpleQueue()
        self._path = path
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                self.lines.put(line)
        self.lines.put("")

    def next(self) -> str:
        """The next line, "" at the end."""
        return self.lines.get(timeout=30)


def test_a_fifo_gets_each_line_at_once_and_stays(tmp_path: Path) -> None:
    fifo = tmp_path / "events"
    os.mkfifo(fifo)
    reader = Reader(fifo)
    with output_files.text(fifo) as file:
        file.write("one\n")
        assert reader.next() == "one\n"
        file.write("two\n")
        assert reader.next() == "two\n"
    assert reader.next() == ""
    assert stat.S_ISFIFO(fifo.lstat().st_mode)
    assert names(tmp_path) == ["events"]


def test_a_fifo_is_refused_for_what_is_written_back_and_forth(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "film.webm")
    with pytest.raises(UsageError, match="no regular file"), complete(tmp_path / "film.webm"):
        pytest.fail("nothing should be written")


@as_root
def test_a_fifo_that_another_user_made_where_everybody_may_is_refused(tmp_path: Path) -> None:
    fifo = tmp_path / "events"
    os.mkfifo(fifo, 0o666)
    os.chown(fifo, SERVICE, SERVICE)
    tmp_path.chmod(0o1777)
    with pytest.raises(UsageError, match="another user made"), output_files.text(fifo):
        pytest.fail("nothing should be written")


@every_way
def test_a_device_is_written_through_and_stays(tmp_path: Path, write_to: Way) -> None:
    null = device(tmp_path, "null", 3)
    if write_to is by_name:
        with pytest.raises(UsageError, match="no regular file"), write_to(null):
            pytest.fail("nothing should be written")
    else:
        with write_to(null) as write:
            write("Ada\n")
    assert stat.S_ISCHR(null.lstat().st_mode)
    assert set(names(tmp_path)) <= {"null"}


@pytest.mark.parametrize("write_to", [as_text, as_bytes])
def test_a_full_device_is_an_error_with_its_name(tmp_path: Path, write_to: Way) -> None:
    full = device(tmp_path, "full", 7)
    with (
        pytest.raises(EdgegateError, match=r"full: could not be written to its end: No space left") as raised,
        write_to(full) as write,
    ):
        write("Ada\n")
    assert raised.value.status == 1
    assert stat.S_ISCHR(full.lstat().st_mode)


@as_root
def test_a_disk_is_no_file(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    os.mknod(disk, stat.S_IFBLK | 0o600, os.makedev(7, 250))
    with pytest.raises(UsageError, match="is a disk"), output_files.text(disk):
        pytest.fail("nothing should be written")


def test_a_socket_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        with pytest.raises(UsageError, match="is a socket"), output_files.text(Path("s")):
            pytest.fail("nothing should be written")


OWN = """
import sys
from pathlib import Path
from edgegate.system import output_files
print("printed before")
with output_files.text(Path(sys.argv[1])) as file:
    file.write("written\\n")
"""


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_stdout_is_written_through_wherever_it_leads(name: str, tmp_path: Path) -> None:
    assert output_files.goes_through(Path(name))  # or else, for root, this would take the machine's own away
    call = [sys.executable, "-c", OWN, name]
    expected = "printed before\nwritten\n"
    assert subprocess.run(call, capture_output=True, text=True, check=True).stdout == expected
    redirected = tmp_path / "file"
    redirected.write_text("there\n")
    with redirected.open("a") as file:
        subprocess.run(call, stdout=file, check=True)
    assert redirected.read_text() == f"there\n{expected}"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        subprocess.run(call, stdout=theirs.fileno(), check=True)
        assert ours.recv(100).decode() == expected


def test_a_descriptor_that_is_closed_is_a_wrong_call() -> None:
    with (
        pytest.raises(UsageError, match=r"cannot be written: Bad file descriptor"),
        output_files.text(Path("/dev/fd/999")),
    ):
        pytest.fail("nothing should be written")
