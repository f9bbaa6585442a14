"""A published .tflite face network becomes a pack that gives its very embeddings, or is refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.cli import main
from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER, read
from converter.imports.embedder import FAMILIES, parity
from converter.imports.tflite import for_one_picture, reference
from edgegate import app
from edgegate.config import Config, RecognitionSettings
from edgegate.errors import ModelError
from edgegate.types import Embedding
from edgegate.vision.analyzer import build_analyzer
from edgegate.vision.packs import load_pack
from edgegate.vision.tflite import Model
from tests.support.converter import tiny_face_network
from tests.vision.scenes import frame

ROWS = """
[[thresholds]]
data = "nobody"
photos = 3
frames = 5
rate = 0.001
threshold = 0.6
trials = 3000
"""


@pytest.fixture
def network(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.tflite"
    file.write_bytes(tiny_face_network.tflite())
    return file


def bring_in(file: Path, *options: str, family: str = "mobilefacenet") -> int:
    out = str(file.parent)
    given = ["--name", "tiny", "--licence", "none", "--family", family, "--out", out, *options]
    return main(["import", "tflite", str(file), *given])


@pytest.mark.parametrize(("batch", "family"), [(1, "arcface"), (2, "mobilefacenet"), (2, "adaface"), (4, "raw")])
def test_a_network_of_any_batch_and_family_becomes_a_pack(network: Path, batch: int, family: str) -> None:
    network.write_bytes(tiny_face_network.tflite(batch))
    assert bring_in(network, "--accept-terms", family=family) == 0
    pack = load_pack(network.parent / "tiny", "embedder")
    assert pack.report["cosine_min"] > 0.99999
    assert pack.outputs == {"embedding": (1, tiny_face_network.DIMENSIONS)}
    assert pack.input.template == "arcface-112"


def test_terms_are_shown_and_must_be_accepted(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terms = network.parent / "LICENSE.txt"
    terms.write_text("Research only, and on Sundays.\n", encoding="utf-8")
    assert bring_in(network, "--terms", str(terms)) == 1
    shown = capsys.readouterr()
    assert "Research only, and on Sundays." in shown.out
    assert shown.err.count("\n") == 1
    assert "--accept-terms" in shown.err
    assert not (network.parent / "tiny").exists()
    assert bring_in(network, "--terms", str(terms), "--accept-terms") == 0
    assert (network.parent / "tiny" / "LICENSE.txt").read_text(encoding="utf-8") == terms.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04 and more", "not a .tflite file"),
        (tiny_face_network.tflite()[:400], "tiny.tflite"),
        (tiny_face_network.tflite(size=160), "takes one picture of 112x112"),
        (tiny_face_network.tflite(batch_in_a_constant=True), "tiny"),
        (tiny_face_network.tflite(blind=True), "two different people the same embedding"),
    ],
    ids=["archive", "cut short", "another size", "batch in a constant", "blind"],
)
def test_what_is_no_such_network_is_refused_in_a_line(
    network: Path, content: bytes, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    network.write_bytes(content)
    assert bring_in(network, "--accept-terms") == 1
    problem = capsys.readouterr().err
    assert problem.count("\n") == 1
    assert reason in problem
    assert not (network.parent / "tiny").exists()


def test_parity_notices_colours_in_another_order(network: Path) -> None:
    assert bring_in(network, "--accept-terms") == 0
    pack = load_pack(network.parent / "tiny", "embedder")
    own = reference(network.read_bytes(), "tiny")
    with pytest.raises(ModelError, match="agree with the network's own only to a mean cosine"):
        parity(Model(pack), lambda picture: own(picture[..., ::-1]), FAMILIES["mobilefacenet"])


@pytest.mark.parametrize("wrong", [["--name", "A/b"], ["--scale", "0"], ["--terms", "/nowhere"]])
def test_a_wrong_option_is_2(network: Path, wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert bring_in(network, "--accept-terms", *wrong) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_same_file_gives_the_same_pack(network: Path) -> None:
    blob = network.read_bytes()
    assert for_one_picture(blob, "tiny") == for_one_picture(blob, "tiny")


def test_without_a_table_the_daemon_says_how_to_measure_one(network: Path) -> None:
    assert bring_in(network, "--accept-terms") == 0
    pack = load_pack(network.parent / "tiny", "embedder")
    with pytest.raises(ModelError, match=r"edgegate evaluate .*--table.*converter import table"):
        app.table_of(pack)


def test_a_table_is_put_in_once_and_survives_a_second_import(network: Path) -> None:
    assert bring_in(network, "--accept-terms") == 0
    pack, rows = network.parent / "tiny", network.parent / "rows.toml"
    rows.write_text(ROWS, encoding="utf-8")
    for _ in range(2):
        assert main(["import", "table", str(pack), str(rows)]) == 0
    assert bring_in(network, "--accept-terms") == 0
    table = app.table_of(load_pack(pack, "embedder"))
    assert len(table.rows) == 1
    assert table.threshold(3, 5, 1e-3).value == 0.6


@pytest.mark.parametrize(
    "rows",
    ["", "thresholds = 3", ROWS.replace("rate = 0.001", ""), ROWS.replace("0.001", "7"), 'embedder = "ab"' + ROWS],
    ids=["empty", "no table", "a column missing", "no rate", "another network's"],
)
def test_a_table_that_cannot_be_is_refused(network: Path, rows: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert bring_in(network, "--accept-terms") == 0
    file = network.parent / "rows.toml"
    file.write_text(rows, encoding="utf-8")
    assert main(["import", "table", str(network.parent / "tiny"), str(file)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert load_pack(network.parent / "tiny", "embedder").thresholds == ()


def test_the_door_aligns_faces_as_the_pack_wants_them(network: Path) -> None:
    assert bring_in(network, "--accept-terms") == 0
    config = Config(recognition=RecognitionSettings(embedder=str(network.parent / "tiny")))
    analyzer = app.build_analyzer(config)
    wanted = load_pack(network.parent / "tiny", "embedder")
    with np.load(wanted.golden) as golden:
        embedding = golden["embedding"][0]

    def look(portrait: object) -> Embedding:
        image = read(portrait)  # type: ignore[arg-type]
        face = analyzer.describe(frame(image), analyzer.detect(frame(image))[0])
        assert face.embedding is not None, face.quality
        return face.embedding

    seen = look(ASTRONAUT)
    assert seen.shape == (tiny_face_network.DIMENSIONS,)
    upright = float(seen @ embedding) / float(np.linalg.norm(embedding))
    other = float(look(GRACE_HOPPER) @ embedding) / float(np.linalg.norm(embedding))
    assert upright > other  # the golden answer is of the astronaut, aligned by the converter


def test_the_shipped_embedder_is_aligned_as_before() -> None:
    assert build_analyzer().pack.input.template == "dlib-150"
