"""Fixtures of access."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.access_rules import RULES
from tests.support.keepers import Process


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(RULES, encoding="utf-8")
    return path


# Staff's lockdown.


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Process]:
    folder = tmp_path / "lock"
    folder.mkdir()
    with Process(folder) as process:
        process.wait_for("READY=1")
        yield process
