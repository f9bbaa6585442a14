"""Fixtures of journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.journal_files import denied, open_journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.db"


@pytest.fixture
def filled(path: Path) -> Path:
    """A closed journal of ten events, a second apart."""
    journal = open_journal(path)
    for second in range(10):
        journal.append([denied(float(second))])
    journal.close()
    return path
