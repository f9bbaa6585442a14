"""A gallery without a key, in a folder of one test."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgegate.gallery import Gallery


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery(tmp_path / "data" / "gallery.db")
