"""Sources of labelled photos, and their problems."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.data.prepare import Sources, prepare
from converter.data.problems import DataError


def problems_of(sources: Sources, out: Path, min_photos: int = 6) -> list[str]:
    with pytest.raises(DataError) as raised:
        prepare(sources, out, min_photos=min_photos)
    assert not out.exists()
    assert not list(out.parent.glob(".*.partial"))
    return [str(problem) for problem in raised.value.problems]
