"""A published ONNX face network becomes a pack that gives what ONNX Runtime gives; needs the `import` extra."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from converter.cli import main
from converter.imports.onnx import NEEDED
from edgegate.vision.packs import load_pack
from edgegate.vision.tflite import Model
from tests.support.converter import tiny_face_network

needs_onnx2tf = pytest.mark.skipif(
    any(find_spec(name) is None for name in NEEDED), reason="onnx2tf is not installed: make test-import"
)


def bring_in(file: Path) -> int:
    given = ["--name", "tiny", "--licence", "none", "--family", "arcface", "--accept-terms", "--out", str(file.parent)]
    return main(["import", "onnx", str(file), *given])


@needs_onnx2tf
@pytest.mark.timeout(600)
@pytest.mark.parametrize("channels_last", [False, True])
def test_an_onnx_network_becomes_a_pack_of_its_own_size(tmp_path: Path, channels_last: bool) -> None:
    file = tmp_path / "tiny.onnx"
    file.write_bytes(tiny_face_network.onnx(channels_last=channels_last, dimensions=96))
    assert bring_in(file) == 0
    pack = load_pack(tmp_path / "tiny", "embedder")
    Model(pack)  # proves itself
    assert pack.outputs == {"embedding": (1, 96)}
    assert pack.report["cosine_min"] > 0.9999
    assert {path.name for path in tmp_path.iterdir()} == {"tiny", "tiny.onnx"}


@needs_onnx2tf
def test_what_is_no_onnx_network_is_refused_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tiny.onnx"
    file.write_bytes(b"not a network")
    assert bring_in(file) == 1
    problem = capsys.readouterr().err
    assert problem.count("\n") == 1
    assert "ONNX Runtime cannot load it" in problem


@pytest.mark.skipif(all(find_spec(name) for name in NEEDED), reason="onnx2tf is installed")
def test_without_onnx2tf_the_extra_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tiny.onnx"
    file.write_bytes(b"")
    assert bring_in(file) == 1
    assert "'.[import]'" in capsys.readouterr().err
