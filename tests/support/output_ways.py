"""The ways to write a file that a user names, and what its folder shows."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from edgegate.system import output_files
from edgegate.system.output_files import complete

SERVICE = 4321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes device nodes, and files of others")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@contextmanager
def by_name(path: Path) -> Iterator[Callable[[str], object]]:
    with complete(path) as draft:
        yield draft.write_text


@contextmanager
def as_text(path: Path) -> Iterator[Callable[[str], object]]:
    with output_files.text(path) as file:
        yield file.write


@contextmanager
def as_bytes(path: Path) -> Iterator[Callable[[str], object]]:
    with output_files.binary(path) as file:
        yield lambda text: file.write(text.encode())


Way = Callable[[Path], AbstractContextManager[Callable[[str], object]]]
every_way = pytest.mark.parametrize("write_to", [by_name, as_text, as_bytes])
