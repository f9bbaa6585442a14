"""`converter compare`: packs of one task on one test set, their classes matched by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from converter.cli import main
from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER, read
from converter.data.dataset import Dataset, Sample, Split, load_dataset, writing
from edgegate.types import Box, Image
from edgegate.vision.packs import shipped
from tests.support.converter.tiny_tracker import make_dataset
from tests.support.linear_packs import write_classifier_pack, write_tracker_pack

Example = tuple[Image, int, Box | None]


@dataclass(frozen=True)
class Table:
    """A call's exit status, the cells of its rows by pack, its remarks, and its lines on standard error."""

    status: int
    heads: list[str]
    rows: dict[str, list[str]]
    remarks: list[str]
    err: list[str]


Compare = Callable[..., Table]


@pytest.fixture
def compare(capsys: pytest.CaptureFixture[str]) -> Compare:
    def call(*words: object) -> Table:
        status = main(["compare", *map(str, words)])
        out, err = capsys.readouterr()
        heads, *lines = out.splitlines() or [""]
        rows = [line.split("  ") for line in lines if "  " in line]
        cells = {row[0].strip(): [cell.strip() for cell in row[1:] if cell.strip()] for row in rows}
        named = [head.strip() for head in heads.split("  ") if head.strip()][1:]
        return Table(status, named, cells, [line for line in lines if "  " not in line], err.splitlines())

    return call


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared") / "dataset"
    make_dataset(folder)
    return folder


def examples(dataset: Dataset, split: Split = "train") -> list[Example]:
    found = []
    for sample in dataset.splits[split]:
        image = np.asarray(cv2.imread(str(sample.image)), np.uint8)
        height, width = image.shape[:2]
        box = None if sample.box is None else Box(*(np.array(sample.box) * (width, height, width, height)).tolist())
        found.append((image, sample.label, box))
    return found


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory, data: Path) -> dict[str, Path]:
    """One that knows the test set, one that sees anna in everything, and one with other people's names."""
    folder = tmp_path_factory.mktemp("packs")
    known = examples(load_dataset(data), "test")
    everywhere = [(image, 1, box) for image, _, box in known]
    return {
        "good": write_tracker_pack(folder / "good", ("unknown", "anna"), known),
        "bad": write_tracker_pack(folder / "bad", ("unknown", "anna"), everywhere),
        "other": write_tracker_pack(folder / "other", ("unknown", "bert"), known),
    }


def test_trackers_are_compared_on_the_same_images(data: Path, packs: dict[str, Path], compare: Compare) -> None:
    table = compare(packs["good"], packs["bad"], data)
    assert (table.status, table.err) == (0, [])
    assert table.heads == ["Accuracy", "Macro F1", "Box IoU", "Strangers let in", "at most", "MB", "ms", "RAM MB"]
    good, bad = table.rows["good"], table.rows["bad"]
    assert float(good[0].split()[0]) > 80
    assert (bad[0], bad[3], bad[4]) == ("33.3 %", "20 from 0.9 on", "100.0 %")
    assert float(good[2]) > 0.5
    assert table.remarks[0].startswith("on 60 test images, 20 of strangers; ms: the median picture's, the packs asked")


def test_classes_are_matched_by_name_and_a_missing_one_is_said(
    data: Path, packs: dict[str, Path], compare: Compare
) -> None:
    table = compare(packs["good"], packs["other"], data)
    assert float(table.rows["other"][0].split()[0]) < 67
    assert table.remarks[1:] == [
        "other: has no class anna; their photos count as wrong",
        "other: the dataset has no bert; that answer counts as wrong",
    ]


def test_the_order_of_a_packs_classes_means_nothing(data: Path, tmp_path: Path, compare: Compare) -> None:
    known = examples(load_dataset(data), "test")
    one = write_tracker_pack(tmp_path / "one", ("unknown", "anna", "bert"), known)
    turned = [(image, label and 2, box) for image, label, box in known]
    two = write_tracker_pack(tmp_path / "two", ("unknown", "bert", "anna"), turned)
    table = compare(one, two, data)
    assert table.rows["one"][:5] == table.rows["two"][:5]


def test_json_and_page_have_the_same_figures(
    data: Path, packs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named_alike = tmp_path / "elsewhere" / "good"
    shutil.copytree(packs["bad"], named_alike)
    call = [
        "compare",
        str(packs["good"]),
        str(named_alike),
        str(data),
        "--json",
        "--out",
        str(tmp_path / "new" / "out"),
    ]
    assert main(call) == 0
    content = json.loads(capsys.readouterr().out)
    assert content == json.loads((tmp_path / "new" / "out" / "comparison.json").read_text("utf-8"))
    assert [row["pack"] for row in content["packs"]] == [str(packs["good"]), str(named_alike)]
    assert (content["schema"], content["task"], content["images"], content["left_out"]) == (1, "tracker", 60, 0)
    page = (tmp_path / "new" / "out" / "comparison.html").read_text("utf-8")
    assert all(f'<td class="n">{100 * row["accuracy"]:.1f} %</td>' in page for row in content["packs"])
    assert "<script" not in page


def people(folder: Path, *, strangers: bool = False) -> Dataset:
    """Whole portraits of two people, each lighter and darker, all in the test set; `strangers` are the same again."""
    with writing(folder, ("unknown", "Eileen", "Grace")) as writer:
        for label, portrait in ((1, ASTRONAUT), (2, GRACE_HOPPER), *(((0, GRACE_HOPPER),) if strangers else ())):
            image, box = read(portrait), portrait.box
            height, width = image.shape[:2]
            unit = (box.x1 / width, box.y1 / height, box.x2 / width, box.y2 / height)
            for index, gain in enumerate((0.8, 1.0, 1.2)):
                content = cv2.imencode(".png", np.clip(image * gain, 0, 255).astype(np.uint8))[1].tobytes()
                writer.add("test", Sample(Path(f"{label}.png"), label, unit, f"{label}-{index}"), content, ".png")
        writer.add(
            "test", Sample(Path("no.png"), 0, None, "nobody"), cv2.imencode(".png", _wall())[1].tobytes(), ".png"
        )
    return load_dataset(folder)


def _wall() -> Image:
    return np.full((240, 320, 3), 150, np.uint8)


def test_classifiers_see_faces_cut_out_as_each_card_says(tmp_path: Path, compare: Compare) -> None:
    people(tmp_path / "data")
    rng = np.random.default_rng(1)
    faces = [
        (rng.integers(0, 255, (side, side, 3)).astype(np.uint8), label) for side in (64, 112) for label in (0, 1, 2)
    ]
    names = ("unknown", "Eileen", "Grace")
    margin = write_classifier_pack(tmp_path / "margin", names, faces[:3])
    aligned = write_classifier_pack(tmp_path / "aligned", names, faces[3:], margin=None)
    table = compare(margin, aligned, tmp_path / "data")
    assert (table.status, table.heads) == (0, ["Accuracy", "Macro F1", "MB", "ms", "RAM MB"])
    assert set(table.rows) == {"margin", "aligned"}
    assert table.remarks[1:] == ["1 test images have no face that can be cut out for each: left out"]


def test_embedders_are_compared_by_pairs_of_people_with_a_name(tmp_path: Path, compare: Compare) -> None:
    people(tmp_path / "data", strangers=True)
    shutil.copytree(shipped("face-embedder"), tmp_path / "copy")
    table = compare(shipped("face-embedder"), tmp_path / "copy", tmp_path / "data")
    assert (table.status, table.err) == (0, [])
    assert table.heads[:3] == ["In order", "Equal error", "Accepted at 0.1"]
    assert table.rows["face-embedder"][:5] == table.rows["copy"][:5] == ["1.0000", "0.0 %", "—", "—", "—"]
    assert table.remarks[1] == (
        "4 test images are of strangers, who make no pairs, or have no face that can be cut out for each: left out"
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("{good}", "{data}"), "compare: name two packs or more, and the dataset last"),
        (("{good}", "nothing", "{data}"), "nothing: no such pack"),
        (("{good}", "{data}", "{data}"), "model pack dataset ({data}): model.toml, model.tflite, golden.npz missing"),
        (("{good}", "{bad}", "{good}"), "{good}: no dataset here (no dataset.json); make one with"),
        (
            ("{good}", "{embedder}", "{data}"),
            "{embedder}: is of task embedder, and {good} of tracker: these do not comp",
        ),
        (("{embedder}", "{embedder}", "{nobody}"), "the dataset has no test images with a face"),
        (("{good}", "{bad}", "{data}", "--out", "{good}/model.toml"), "{good}/model.toml: cannot be made: File exists"),
    ],
)
def test_a_call_that_cannot_be_is_one_line(
    words: tuple[str, ...], problem: str, data: Path, packs: dict[str, Path], tmp_path: Path, compare: Compare
) -> None:
    with writing(tmp_path / "nobody", ("unknown", "anna")) as writer:
        writer.add("test", Sample(Path("n.png"), 0, None, "n"), cv2.imencode(".png", _wall())[1].tobytes(), ".png")
    names: dict[str, Any] = {**packs, "data": data, "embedder": shipped("face-embedder"), "nobody": tmp_path / "nobody"}
    table = compare(*(word.format(**names) for word in words))
    assert (table.status in {1, 2}, table.rows, len(table.err)) == (True, {}, 1)
    assert table.err[0].startswith(f"converter: {problem.format(**names)}")
