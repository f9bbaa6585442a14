"""Files that appear complete or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgegate.errors import EdgegateError, UsageError
from edgegate.output import complete


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_file_appears_when_it_is_complete_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    with complete(path) as draft:
        draft.write_text("half")
        assert not path.exists()
        assert (draft.parent, draft.suffix) == (path.parent, path.suffix)
    assert path.read_text() == "half"
    assert names(tmp_path) == ["report.html"]


def test_what_fails_on_the_way_leaves_nothing_and_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("before")

    def write_half() -> None:
        with complete(path) as draft:
            draft.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert path.read_text() == "before"
    assert names(tmp_path) == ["events.jsonl"]


def test_a_place_that_cannot_be_written_to_is_a_wrong_call(tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "nowhere" / "out.mp4", "No such file or directory"),
        (tmp_path, "is a folder"),
    ):
        with pytest.raises(UsageError, match=reason), complete(path):
            pytest.fail("nothing should be written")


def test_a_disk_that_fills_up_is_told_by_the_files_name(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with (
        pytest.raises(EdgegateError, match=r"out\.mp4: could not be written to its end: No space left"),
        complete(path),
    ):
        raise OSError(28, "No space left on device")
    assert names(tmp_path) == []
