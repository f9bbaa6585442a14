"""The whole road once, small: a dataset becomes a pack that the daemon loads, or no pack at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from converter.cli import main
from edgegate.vision.packs import load_pack
from edgegate.vision.tflite import Model
from tests.support.converter.tiny_tracker import SIZE

pytestmark = pytest.mark.train

LENIENT = "accuracy = 0.1\nmean_iou = 0.0\nclass_agreement = 0\nfalse_accept_bound = 1\n"


@pytest.fixture(scope="module")
def road(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recipe, already built once."""
    folder = tmp_path_factory.mktemp("road")
    shutil.copytree(tiny_data, folder / "photos")
    write_recipe(folder)
    assert main(["build", str(folder / "recipe.toml")]) == 0
    return folder


def write_recipe(folder: Path, budgets: str = LENIENT + "box_agreement = 0.0\n") -> None:
    (folder / "recipe.toml").write_text(
        '[data]\ndataset = "photos"\n[augment]\ncopies = 1\n'
        f'[model]\ndesign = "tracker/cnn"\ninput_size = {SIZE}\nwidth = 0.25\nhead = 16\n'
        '[train]\nepochs = 8\nbatch_size = 24\nlearning_rate = 0.003\n[quantize]\nvariants = ["int8", "float16"]\n'
        f'[budgets]\n{budgets}[pack]\nname = "door"\n',
        "utf-8",
    )


def test_the_pack_is_one_the_daemon_loads(road: Path) -> None:
    pack = load_pack(road / "packs" / "door", "tracker")
    assert pack.labels == ("unknown", "anna")
    assert pack.report["grade"] == "passed"
    assert pack.report["variant"] == "int8"
    assert {"report.html", "report.json"} <= {file.name for file in pack.folder.iterdir()}
    Model(pack)  # proves itself on its golden answer
    report = json.loads((pack.folder / "report.json").read_text("utf-8"))
    assert len(report["history"]["epochs"]) == 8


def test_again_nothing_is_made(road: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_recipe(road)
    assert main(["build", str(road / "recipe.toml"), "--json"]) == 0
    told = capsys.readouterr()
    assert {line.split(": ")[1] for line in told.err.splitlines()} == {"nothing has changed"}
    assert json.loads(told.out)["pack"] == str(road / "packs" / "door")


def test_where_int8_misses_its_budget_float16_takes_its_place(road: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """New budgets are judged on what was measured before: nothing is trained or run again."""
    report: dict[str, Any] = json.loads((road / "build/door/report/report.json").read_text("utf-8"))
    int8, float16 = (row["box_agreement"] for row in report["variants"][1:])
    write_recipe(road, LENIENT + f"box_agreement = {(int8 + float16) / 2}\n")
    assert main(["build", str(road / "recipe.toml"), "--json"]) == 0
    told = capsys.readouterr()
    report = json.loads(told.out)
    assert report["variant"] == "float16"
    assert report["reason"].startswith("float16 keeps every budget; int8 misses: box_agreement is ")
    assert load_pack(road / "packs" / "door", "tracker").report["variant"] == "float16"
    made = [line.split(":")[0] for line in told.err.splitlines() if line.endswith("making")]
    assert made == ["report"]


def test_over_budget_there_is_no_pack(road: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(road / "packs")
    write_recipe(road, LENIENT + "box_agreement = 0.0\nsize_mb = 0.0001\n")
    assert main(["build", str(road / "recipe.toml")]) == 1
    assert "no pack was written" in capsys.readouterr().out
    assert not (road / "packs").exists()


def test_a_failed_one_is_written_only_when_asked_for_and_says_so(road: Path) -> None:
    write_recipe(road, LENIENT + "box_agreement = 0.0\nsize_mb = 0.0001\n")
    assert main(["build", str(road / "recipe.toml"), "--even-failed"]) == 1
    assert load_pack(road / "packs" / "door", "tracker").report["grade"] == "failed"


def test_each_stage_is_a_command_too(road: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_recipe(road)
    model, data, tflite = road / "build/door/train/model.keras", road / "photos", tmp_path / "int8.tflite"
    assert main(["quantize", str(model), str(data), "--variant", "int8", "--out", str(tflite), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["calibrated_on"] == 72
    recipe = ["--recipe", str(road / "recipe.toml"), "--json"]
    assert main(["verify", str(model), str(data), str(tflite), *recipe]) == 0
    assert json.loads(capsys.readouterr().out)["passed"]
    assert main(["report", str(model), str(data), str(tflite), "--out", str(tmp_path / "report"), *recipe]) == 0
    assert json.loads(capsys.readouterr().out)["grade"] == "passed"
    assert (tmp_path / "report" / "report.html").is_file()
    assert main(["verify", str(model), str(data), str(tflite)]) == 1  # so little training keeps no default budget
    assert "missed: accuracy is" in capsys.readouterr().out


def test_wrong_calls_and_damaged_files_are_one_line(
    road: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = road / "build/door/train/model.keras", road / "photos"
    (tmp_path / "bad.tflite").write_bytes(b"no model")
    (tmp_path / "bad.keras").write_bytes(b"no model")
    assert main(["verify", str(model), str(data), str(tmp_path / "bad.tflite")]) == 1
    assert "does not run" in capsys.readouterr().err
    assert main(["verify", str(tmp_path / "bad.keras"), str(data), str(tmp_path / "bad.tflite")]) == 1
    assert "cannot be loaded as a Keras model" in capsys.readouterr().err
    assert main(["quantize", str(tmp_path / "none.keras"), str(data), "--out", str(tmp_path / "a.tflite")]) == 2
    assert "no such model" in capsys.readouterr().err
    assert main(["build", str(tmp_path / "none.toml")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
