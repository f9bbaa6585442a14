"""A pack that is not what its card says is refused, with the pack, the reason and the way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgegate.errors import ModelError
from edgegate.vision.packs import Task, load_pack, sha256_of, shipped
from edgegate.vision.tflite import Model

Copy = Callable[[str], Path]


def edit(folder: Path, old: str, new: str) -> None:
    card = folder / "model.toml"
    text = card.read_text(encoding="utf-8")
    assert old in text
    card.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "task"),
    [("face-detector", "detector"), ("face-landmarks", "landmarks"), ("face-embedder", "embedder")],
)
def test_the_shipped_packs_are_whole_and_say_where_they_come_from(name: str, task: str) -> None:
    pack = load_pack(shipped(name), task)  # type: ignore[arg-type]
    assert pack.name == f"{name}@{pack.sha256[:8]}"
    assert pack.licence in {"Apache-2.0", "CC0-1.0"}
    assert {"package", "version", "file", "file_sha256", "change"} <= set(pack.origin)


def test_the_tracker_was_accepted_by_its_report() -> None:
    pack = load_pack(shipped("face-tracker"), "tracker")
    assert pack.labels == ("unknown", "Eileen Collins")
    assert pack.report["grade"] == "passed"
    least = {"accuracy": 0.98, "mean_iou": 0.80, "class_agreement": 0.99, "box_agreement": 0.95}
    assert all(pack.report[figure] >= value for figure, value in least.items())
    assert (pack.folder / "model.tflite").stat().st_size <= 2_500_000
    Model(pack)  # proves itself on this runtime


def test_the_embedder_was_accepted_with_good_figures() -> None:
    assert load_pack(shipped("face-embedder"), "embedder").report["cosine_mean"] >= 0.998


@pytest.mark.parametrize("file", ["model.tflite", "model.toml", "golden.npz"])
def test_a_missing_file_is_named(pack_copy: Copy, file: str) -> None:
    folder = pack_copy("face-detector")
    (folder / file).unlink()
    with pytest.raises(ModelError, match=rf"face-detector .*{file} missing; "):
        load_pack(folder, "detector")


@pytest.mark.parametrize("file", ["model.tflite", "golden.npz"])
def test_changed_bytes_are_noticed(pack_copy: Copy, file: str) -> None:
    folder = pack_copy("face-detector")
    data = bytearray((folder / file).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / file).write_bytes(data)
    with pytest.raises(ModelError, match=rf"face-detector .*{file} .*sha256 differs.*; copy"):
        load_pack(folder, "detector")


def test_another_task_is_refused(pack_copy: Copy) -> None:
    with pytest.raises(ModelError, match="task is 'detector', not 'embedder'; name a pack"):
        load_pack(pack_copy("face-detector"), "embedder")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("schema = 1", "schema = 9", "schema 9, this version reads 1"),
        ('task = "detector"', 'task = "oracle"', "unknown task 'oracle'"),
        ('licence = "Apache-2.0"', "", "lacks 'licence'"),
        ("[-1, 1]", "[1, -1]", "empty input range"),
        ('colour = "rgb"', 'colour = "cmyk"', "unknown colour order 'cmyk'"),
        ("scores = ", "score = ", "names no output scores"),
        ("[input]", "[input", "cannot be read"),
        ("width = 192", 'width = "wide"', "invalid literal"),
    ],
)
def test_a_wrong_card_is_refused(pack_copy: Copy, old: str, new: str, reason: str) -> None:
    folder = pack_copy("face-detector")
    edit(folder, old, new)
    with pytest.raises(ModelError, match=reason) as raised:
        load_pack(folder, "detector")
    assert "\n" not in str(raised.value)
    assert "face-detector" in str(raised.value)


@pytest.mark.parametrize(("name", "task"), [("face-detector", "detector"), ("face-landmarks", "landmarks")])
def test_a_detectors_and_a_meshs_input_is_square(pack_copy: Copy, name: str, task: Task) -> None:
    folder = pack_copy(name)
    edit(folder, "height = 192", "height = 96")
    with pytest.raises(ModelError, match=f"input of 192x96, and that of a {task} pack is square; rebuild"):
        load_pack(folder, task)


@pytest.mark.parametrize(
    ("line", "margin", "template"),
    [("margin = 0.2", 0.2, "dlib-150"), ('template = "dlib-150"', None, "dlib-150")],
)
def test_a_classifiers_card_says_how_faces_are_cut_out(
    pack_copy: Copy, line: str, margin: float | None, template: str
) -> None:
    folder = classifier(pack_copy)
    edit(folder, 'colour = "rgb"', f'colour = "rgb"\n{line}')
    spec = load_pack(folder, "classifier").input
    assert (spec.margin, spec.template) == (margin, template)


def test_a_classifiers_margin_is_a_share(pack_copy: Copy) -> None:
    folder = classifier(pack_copy)
    edit(folder, 'colour = "rgb"', 'colour = "rgb"\nmargin = 20')
    with pytest.raises(ModelError, match="input margin 20, which is not from 0 to 2"):
        load_pack(folder, "classifier")


def classifier(pack_copy: Copy) -> Path:
    """The embedder's files with a classifier's card."""
    folder = pack_copy("face-embedder")
    edit(folder, 'task = "embedder"', 'task = "classifier"')
    edit(folder, "embedding = ", "class_probs = ")
    return folder


def test_a_threshold_table_is_read_row_by_row(pack_copy: Copy) -> None:
    folder = pack_copy("face-embedder")
    card = folder / "model.toml"
    rows = "\n[[thresholds]]\nphotos = 3\nscore = 0.951\n\n[[thresholds]]\nphotos = 5\nscore = 0.953\n"
    card.write_text(card.read_text(encoding="utf-8").split("\n[[thresholds]]")[0] + rows, encoding="utf-8")
    assert load_pack(folder, "embedder").thresholds == (
        {"photos": 3, "score": 0.951},
        {"photos": 5, "score": 0.953},
    )


def test_a_hash_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert sha256_of(tmp_path / "empty").startswith("e3b0c44298fc1c14")
