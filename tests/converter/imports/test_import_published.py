"""MobileFaceNet as npm has it, batch 2 and 192 numbers a face, becomes a pack that a door can use."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.cli import main
from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER
from edgegate import app
from edgegate.config import Config, RecognitionSettings
from edgegate.vision.analyzer import Analyzer
from edgegate.vision.packs import Pack, load_pack
from tests.converter.imports.test_import_tflite import ROWS
from tests.support.converter.published import mobilefacenet
from tests.vision.scenes import frame, make_scene


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    out = tmp_path_factory.mktemp("packs")
    options = ["--licence", "MIT", "--family", "mobilefacenet", "--accept-terms", "--out", str(out)]
    assert main(["import", "tflite", str(mobilefacenet()), "--name", "mobilefacenet", *options]) == 0
    return load_pack(out / "mobilefacenet", "embedder")


@pytest.fixture(scope="module")
def analyzer(pack: Pack) -> Analyzer:
    return app.build_analyzer(Config(recognition=RecognitionSettings(embedder=str(pack.folder))))


def test_it_gives_what_its_own_file_gives(pack: Pack) -> None:
    assert pack.outputs == {"embedding": (1, 192)}
    assert pack.report["cosine_min"] > 0.99999


def test_its_terms_are_told_before_anything_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--name", "net", "--licence", "MIT", "--family", "mobilefacenet", "--out", str(tmp_path)]
    assert main(["import", "tflite", str(mobilefacenet()), *given]) == 1
    assert "MS1M" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_two_people_are_further_apart_than_with_the_shipped_pack(analyzer: Analyzer) -> None:
    def scores(eyes: Analyzer) -> tuple[float, float]:
        """Cosine of one person near and far, and of two people."""
        scenes = [make_scene(ASTRONAUT, 140), make_scene(ASTRONAUT, 60, (200, 200)), make_scene(GRACE_HOPPER, 140)]
        looks = []
        for scene in scenes:
            face = eyes.describe(frame(scene), eyes.detect(frame(scene))[0])
            assert face.embedding is not None
            looks.append(face.embedding)
        return float(looks[0] @ looks[1]), float(looks[0] @ looks[2])

    same, other = scores(analyzer)
    shipped_same, shipped_other = scores(app.build_analyzer(Config()))
    assert same - other > 2 * (shipped_same - shipped_other)


def test_a_door_enrols_and_decides_with_it(pack: Pack, tmp_path: Path) -> None:
    rows = tmp_path / "rows.toml"
    rows.write_text(ROWS, encoding="utf-8")
    assert main(["import", "table", str(pack.folder), str(rows)]) == 0
    config = Config(recognition=RecognitionSettings(embedder=str(pack.folder)))
    assert app.table_of(app.load_embedder(config)).threshold(3, 5, 1e-3).value == 0.6
