"""A progress bar."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


def progress(items: Iterable[Item], doing: str, unit: str, total: int | None = None) -> Iterable[Item]:
    """Returns the items, with a bar on a terminal and none in a pipe."""
    bar: Iterable[Item] = tqdm(items, desc=doing, unit=unit, total=total, disable=None, leave=False)
    return bar
