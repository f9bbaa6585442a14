"""A stage is made once, again when its inputs change, and goes on where it may."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from converter.build.stages import Stage, Workshop, digest
from edgegate.errors import EdgegateError, UsageError


class Bench:
    """Counts what is made; `fail_after` files it breaks off."""

    def __init__(self, folder: Path) -> None:
        self.lines: list[str] = []
        self.made = 0
        self.fail = False
        self._workshop = Workshop(folder, self.lines.append)

    def stage(self, inputs: Mapping[str, Any], *, resumes: bool = False, grows: tuple[str, ...] = ()) -> Path:
        return self._workshop.done(Stage("bake", inputs, self._make, resumes, grows))

    def _make(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.made += 1
        (folder / str(self.made)).touch()
        if self.fail:
            raise EdgegateError("the oven is cold")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "work")


def test_the_same_inputs_are_made_once(bench: Bench) -> None:
    folder = bench.stage({"flour": 2})
    assert bench.stage({"flour": 2}) == folder
    assert bench.made == 1
    assert bench.lines == ["bake: making", "bake: nothing has changed"]


def test_other_inputs_are_made_anew_from_nothing(bench: Bench) -> None:
    bench.stage({"flour": 2})
    folder = bench.stage({"flour": 3})
    assert [file.name for file in folder.iterdir()] == ["2"]


@pytest.mark.parametrize(("resumes", "left"), [(True, {"1", "2"}), (False, {"2"})])
def test_what_broke_off_goes_on_only_where_it_may(resumes: bool, left: set[str], bench: Bench) -> None:
    bench.fail = True
    with pytest.raises(EdgegateError, match="cold"):
        bench.stage({"flour": 2}, resumes=resumes)
    bench.fail = False
    folder = bench.stage({"flour": 2}, resumes=resumes)
    assert {file.name for file in folder.iterdir()} == left


def test_what_broke_off_does_not_go_on_with_other_inputs(bench: Bench) -> None:
    bench.fail = True
    with pytest.raises(EdgegateError):
        bench.stage({"flour": 2}, resumes=True)
    bench.fail = False
    assert {file.name for file in bench.stage({"flour": 3}, resumes=True).iterdir()} == {"2"}


def test_what_may_grow_goes_on_and_nothing_else(bench: Bench) -> None:
    for epochs in (1, 2):
        folder = bench.stage({"train": {"epochs": epochs, "rate": 3}}, resumes=True, grows=("train.epochs",))
    assert {file.name for file in folder.iterdir()} == {"1", "2"}
    folder = bench.stage({"train": {"epochs": 3, "rate": 4}}, resumes=True, grows=("train.epochs",))
    assert {file.name for file in folder.iterdir()} == {"3"}
    folder = bench.stage({"train": {"epochs": 2, "rate": 4}}, resumes=True, grows=("train.epochs",))
    assert {file.name for file in folder.iterdir()} == {"4"}


def test_what_somebody_has_changed_is_made_anew(bench: Bench) -> None:
    folder = bench.stage({"flour": 2})
    (folder / "1").write_text("another model")
    assert {file.name for file in bench.stage({"flour": 2}).iterdir()} == {"2"}
    assert bench.lines[-2:] == ["bake: somebody has changed what it made", "bake: making"]


def test_a_folder_is_known_by_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = digest(tmp_path)
    (tmp_path / "a").write_text("2")
    second = digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({first, second, digest(tmp_path)}) == 3
    with pytest.raises(UsageError, match="no such folder"):
        digest(tmp_path / "none")


def test_a_work_folder_that_cannot_be_made_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be made"):
        Workshop(tmp_path / "file" / "work", print)
