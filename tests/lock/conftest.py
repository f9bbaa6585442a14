"""Fixtures of lock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.lock_door import (
    Door,
)


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    yield door
    door.lock.close()


# By example.
