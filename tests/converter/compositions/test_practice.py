"""Photos to try the road with: the same from a seed, labelled as `prepare` reads them, and enough for a dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.cli import main
from converter.compositions.practice import Amount, write_practice
from converter.data.annotations import read_annotations
from converter.data.prepare import Sources, prepare
from edgegate.demo.portraits import ASTRONAUT

FEW = Amount(occasions=4, photos=6, strangers=12, pictures=2, rooms=4, views=1, people=2, days=3, pictures_a_day=2)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("practice") / "practice"
    write_practice(folder, 3, FEW)
    return folder


def test_the_same_seed_gives_the_same_bytes(photos: Path, tmp_path: Path) -> None:
    write_practice(tmp_path / "again", 3, FEW)
    one, two = (
        {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*.*")}
        for folder in (photos, tmp_path / "again")
    )
    assert one == two
    assert len(one) == 2 * 4 * 6 + 12 * 2 + 4 + 2 * 3 * 2


def test_labels_are_of_the_enrolled_person_on_her_occasions(photos: Path) -> None:
    annotations, problems = read_annotations(photos / "photos", None)
    assert not problems
    assert {annotation.name for annotation in annotations} == {ASTRONAUT.person}


def test_prepare_takes_them_as_they_are(photos: Path, tmp_path: Path) -> None:
    sources = Sources(photos / "photos", (photos / "empty",), (photos / "strangers",))
    prepared = prepare(sources, tmp_path / "data")
    assert prepared.dataset.classes == ("unknown", ASTRONAUT.person)
    assert all({sample.label for sample in samples} == {0, 1} for samples in prepared.dataset.splits.values())
    assert prepared.faceless <= 6
    assert prepared.merged == 0


def test_a_folder_that_is_there_is_one_line_and_2(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["practice", str(photos)]) == 2
    assert "is there already" in capsys.readouterr().err
