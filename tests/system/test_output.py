"""The files a user names: complete or not at all, for nobody else's eyes; devices, FIFOs and links stay as they are."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from queue import SimpleQueue

import pytest

from edgegate.errors import EdgegateError, UsageError
from edgegate.system import output_files
from edgegate.system.output_files import complete
from tests.support.devices import device

SERVICE = 4321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes device nodes, and files of others")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@contextmanager
def by_name(path: Path) -> Iterator[Callable[[str], object]]:
    with complete(path) as draft:
        yield draft.write_text


@contextmanager
def as_text(path: Path) -> Iterator[Callable[[str], object]]:
    with output_files.text(path) as file:
        yield file.write


@contextmanager
def as_bytes(path: Path) -> Iterator[Callable[[str], object]]:
    with output_files.binary(path) as file:
        yield lambda text: file.write(text.encode())


Way = Callable[[Path], AbstractContextManager[Callable[[str], object]]]
every_way = pytest.mark.parametrize("write_to", [by_name, as_text, as_bytes])


@every_way
def test_a_file_appears_when_it_is_complete_and_not_before(tmp_path: Path, write_to: Way) -> None:
    path = tmp_path / "report.html"
    with write_to(path) as write:
        write("half")
        assert not path.exists()
        (draft,) = tmp_path.iterdir()
        assert mode(draft) == 0o600
    assert path.read_text() == "half"
    assert names(tmp_path) == ["report.html"]


def test_a_library_is_given_the_suffix_that_it_goes_by(tmp_path: Path) -> None:
    with complete(tmp_path / "film.webm") as draft:
        assert (draft.parent, draft.suffix) == (tmp_path, ".webm")


@every_way
def test_what_fails_on_the_way_leaves_nothing_and_what_was_there(tmp_path: Path, write_to: Way) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("before")

    def write_half() -> None:
        with write_to(path) as write:
            write("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert path.read_text() == "before"
    assert names(tmp_path) == ["events.jsonl"]


HALF = """
import sys
from pathlib import Path
from edgegate.system import output_files
with output_files.complete(Path(sys.argv[1])) as draft:
    draft.write_text("half")
    print("written", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_program_leaves_no_half_file_and_its_draft_goes_with_the_next(
    tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "film.webm"
    call = [sys.executable, "-c", HALF, str(path)]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.send_signal(number)
    assert not path.exists()
    (left,) = tmp_path.iterdir()
    assert mode(left) == 0o600
    with complete(path) as draft:
        draft.write_text("whole")
    assert names(tmp_path) == ["film.webm"]


@every_way
def test_nobody_else_may_read_it_whatever_the_umask_and_what_was_there(tmp_path: Path, write_to: Way) -> None:
    path = tmp_path / "report.html"
    path.write_text("before")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        with write_to(path) as write:
            write("Ada")
    finally:
        os.umask(before)
    assert mode(path) == 0o600


def test_what_holds_nobody_s_face_is_as_the_umask_has_it(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with output_files.binary(tmp_path / "model.tflite", shared=True) as file:
            file.write(b"TFL3")
    finally:
        os.umask(before)
    assert mode(tmp_path / "model.tflite") == 0o644


@as_root
def test_what_root_writes_into_somebody_s_folder_is_theirs(tmp_path: Path) -> None:
    os.chown(tmp_path, SERVICE, SERVICE)
    with output_files.text(tmp_path / "report.html") as file:
        file.write("Ada")
    assert ((tmp_path / "report.html").stat().st_uid, mode(tmp_path / "report.html")) == (SERVICE, 0o600)


@every_way
def test_a_link_is_refused_and_leads_nowhere(tmp_path: Path, write_to: Way) -> None:
    victim, link = tmp_path / "victim", tmp_path / "link"
    victim.write_text("root's")
    for target in (victim, tmp_path / "not there", tmp_path, Path("/dev/full")):
        link.symlink_to(target)
        with pytest.raises(UsageError, match="link: is a link"), write_to(link):
            pytest.fail("nothing should be written")
        assert link.is_symlink()
        link.unlink()
    assert victim.read_text() == "root's"
    assert names(tmp_path) == ["victim"]


@every_way
def test_no_name_for_a_draft_can_be_planted(tmp_path: Path, write_to: Way) -> None:
    victim, path = tmp_path / "victim", tmp_path / "report.html"
    victim.write_text("root's")
    drafts: set[str] = set()
    for _ in range(2):
        with write_to(path) as write:
            write("whole")
            (draft,) = set(names(tmp_path)) - {"victim", "report.html"} - drafts
        drafts.add(draft)
        (tmp_path / draft).symlink_to(victim)  # for whoever uses that name again
    assert len(drafts) == 2
    assert victim.read_text() == "root's"
    assert path.read_text() == "whole"


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


def test_a_fifo_takes_nothing_that_is_written_back_and_forth(tmp_path: Path) -> None:
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
def test_a_full_device_is_told_by_its_name(tmp_path: Path, write_to: Way) -> None:
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


def test_a_file_that_must_be_new_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "backup"
    with output_files.binary(path, new=True) as file:
        file.write(b"first")
    with pytest.raises(UsageError, match="is there already"), output_files.binary(path, new=True) as file:
        file.write(b"second")
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["backup"]


@every_way
def test_a_place_that_cannot_be_written_to_is_a_wrong_call(tmp_path: Path, write_to: Way) -> None:
    for path, reason in (
        (tmp_path / "nowhere" / "out.html", "No such file or directory"),
        (tmp_path, "is a folder"),
    ):
        with pytest.raises(UsageError, match=re.escape(str(path)) + ".*" + reason), write_to(path):
            pytest.fail("nothing should be written")


@every_way
def test_a_disk_that_fills_up_is_told_by_the_files_name(tmp_path: Path, write_to: Way) -> None:
    path = tmp_path / "out.mp4"
    with (
        pytest.raises(EdgegateError, match=r"out\.mp4: could not be written to its end: No space left"),
        write_to(path),
    ):
        raise OSError(28, "No space left on device")
    assert names(tmp_path) == []
