"""Fixtures of data."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.data.prepare import Sources
from tests.support.converter.labelled_photos import (
    write_empty,
    write_labelled,
)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    photos = tmp_path / "photos"
    write_labelled(photos, "anna")
    write_labelled(photos, "grace")
    return Sources(photos, (write_empty(tmp_path / "empty"),))
