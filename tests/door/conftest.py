"""Fixtures of door."""

from __future__ import annotations

import pytest

from tests.support.door_machine import Door


@pytest.fixture
def door() -> Door:
    return Door()
