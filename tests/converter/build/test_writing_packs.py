"""Packs are written whole, keep only what still holds for them, and are compared honestly."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.packs import Draft, agreement, write
from converter.toml import dumps
from edgegate.errors import ModelError
from edgegate.vision.packs import MODEL_FILE, load_pack, shipped
from edgegate.vision.tflite import Model

ROWS = "\n[[thresholds]]\nphotos = 3\nscore = 0.95\n"


@pytest.fixture
def draft() -> Draft:
    """The shipped landmarks pack, as the converter would have handed it over."""
    pack = load_pack(shipped("face-landmarks"), "landmarks")
    with np.load(pack.golden) as golden:
        probe = golden["input"][0]
    blob = pack.model.read_bytes()
    return Draft("landmarks", "landmarks", blob, pack.input, pack.outputs, "Apache-2.0", pack.origin, probe)


def test_a_written_pack_loads_and_proves_itself(draft: Draft, tmp_path: Path) -> None:
    pack = load_pack(write(draft, tmp_path), "landmarks")
    Model(pack)
    assert (pack.sha256, pack.input, pack.origin) == (draft.sha256, draft.input, draft.origin)
    assert [path.name for path in tmp_path.iterdir()] == ["landmarks"]


def test_writing_twice_gives_the_same_bytes(draft: Draft, tmp_path: Path) -> None:
    one, two = write(draft, tmp_path / "one"), write(draft, tmp_path / "two")
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_a_threshold_table_survives_only_with_its_model(draft: Draft, tmp_path: Path) -> None:
    folder = write(draft, tmp_path)
    card = folder / "model.toml"
    card.write_text(card.read_text(encoding="utf-8") + ROWS, encoding="utf-8")
    assert load_pack(write(draft, tmp_path), "landmarks").thresholds == ({"photos": 3, "score": 0.95},)
    changed = replace(draft, blob=draft.blob + b"\x00")
    assert load_pack(write(changed, tmp_path), "landmarks").thresholds == ()


def test_a_pack_that_cannot_be_finished_leaves_the_old_one(draft: Draft, tmp_path: Path) -> None:
    folder = write(draft, tmp_path)
    before = (folder / MODEL_FILE).read_bytes()
    with pytest.raises(ModelError):
        write(replace(draft, blob=b"not a model"), tmp_path)
    assert (folder / MODEL_FILE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["landmarks"]


def test_agreement_is_one_with_itself_and_less_with_another(draft: Draft, tmp_path: Path) -> None:
    model = Model(load_pack(shipped("face-landmarks"), "landmarks"))
    same = Model(load_pack(write(draft, tmp_path), "landmarks"))
    assert min(agreement(model, same, [draft.probe]).values()) == pytest.approx(1)

    class Askew(Model):
        """Sees everything upside down."""

        def run(self, pixels: Any) -> dict[str, Any]:
            return super().run(np.ascontiguousarray(pixels[::-1]))

    askew = Askew(model.pack, prove=False)
    assert agreement(model, askew, [draft.probe])["landmarks"] < 0.9999


numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.booleans() | numbers | st.text('a =#[]"\\\n\t\x00\x7f\u00e9\u20ac\U0001f600', max_size=8)
keys = st.text("abc_", min_size=1, max_size=4)
tables = st.dictionaries(keys, scalars | st.lists(numbers, max_size=3), max_size=3)


@given(st.dictionaries(keys, scalars | tables | st.lists(tables, min_size=1, max_size=3), max_size=4))
def test_what_is_written_is_what_toml_reads(document: dict[str, Any]) -> None:
    assert tomllib.loads(dumps(document)) == document
