"""The files a user names: complete or not at all, for nobody else's eyes; links are refused."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgegate.errors import EdgegateError, UsageError
from edgegate.system import output_files
from edgegate.system.output_files import complete
from tests.support.output_ways import SERVICE, Way, as_root, every_way, mode, names


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
        (tmp_path / draft).symlink_to(victim)  # for a writer that uses that name again
    assert len(drafts) == 2
    assert victim.read_text() == "root's"
    assert path.read_text() == "whole"


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
def test_a_disk_that_fills_up_is_an_error_with_the_files_name(tmp_path: Path, write_to: Way) -> None:
    path = tmp_path / "out.mp4"
    with (
        pytest.raises(EdgegateError, match=r"out\.mp4: could not be written to its end: No space left"),
        write_to(path),
    ):
        raise OSError(28, "No space left on device")
    assert names(tmp_path) == []
