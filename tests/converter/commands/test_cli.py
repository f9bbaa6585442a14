"""The converter's command line: one line for what is wrong, and the contract's exit status."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from converter.cli import main
from converter.imports.fetch import CACHE, Wheel, fetch
from edgegate.errors import EdgegateError
from edgegate.vision.packs import shipped
from tests.support.paths import RECIPES

NAMES = ("face-detector", "face-landmarks", "face-embedder")


@pytest.mark.parametrize("arguments", [[], ["fly"], ["import"], ["import", "packs", "--sideways"]])
def test_a_wrong_call_is_one_line_and_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        main(arguments)
    assert exited.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_without_tensorflow_building_is_refused_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # as where it is not installed
    (tmp_path / "recipe.toml").write_text("[data]\ncompositions = 100\n", "utf-8")
    assert main(["build", str(tmp_path / "recipe.toml")]) == 1
    assert capsys.readouterr().err == (
        "converter: TensorFlow is not installed, and training needs it; from a clone, pip install '.[train]'\n"
    )
    assert not (tmp_path / "build").exists()


def test_a_recipe_that_comes_with_it_is_printed_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes", "face-tracker"]) == 0
    text = (RECIPES / "face-tracker.toml").read_text("utf-8")
    assert capsys.readouterr().out == text
    assert main(["recipes", "face-tracker", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"name": "face-tracker", "text": text}]
    with pytest.raises(SystemExit):
        main(["recipes", "face-traker"])
    assert "no face-traker; did you mean face-tracker?" in capsys.readouterr().err


def test_a_package_that_is_not_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(EdgegateError, match=r"edgegate==99\.0 could not be fetched .*; check the network") as raised:
        fetch(Wheel("edgegate", "99.0", "edgegate-99.0-py3-none-any.whl", "0" * 64), tmp_path)
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.train
@pytest.mark.timeout(300)
def test_a_rebuild_agrees_with_the_shipped_packs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "packs", "--check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == list(NAMES)


@pytest.mark.train
@pytest.mark.timeout(300)
def test_a_shipped_pack_that_is_not_what_is_built_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The mesh in the detector's place cannot agree with a rebuilt detector."""
    for name in NAMES:
        shutil.copytree(shipped(name), tmp_path / name)
    shutil.rmtree(tmp_path / "face-landmarks")
    shutil.copytree(shipped("face-detector"), tmp_path / "face-landmarks")
    assert main(["import", "packs", "--check", "--out", str(tmp_path), "--cache", str(CACHE)]) == 1
    assert "model pack face-landmarks" in capsys.readouterr().err
