"""Copies of rows that SQLite left between others when it moved them: forgetting leaves none of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgegate.gallery import Enrollee, Gallery
from tests.support.fakes import looks, photo

PAGE = 4096
TABLE_LEAF, INDEX_LEAF = 13, 10
"""The first byte of such pages (SQLite's file format, "B-tree pages")."""


def leave_behind(file: Path, copy: bytes, kind: int) -> int:
    """Writes `copy` where no page of this kind uses the room between its pointers and its rows; returns how often."""
    content, count = bytearray(file.read_bytes()), 0
    for start in range(PAGE, len(content), PAGE):
        rows, begin = (int.from_bytes(content[start + at : start + at + 2], "big") for at in (3, 5))
        free = start + 8 + 2 * rows
        if content[start] == kind and rows and start + begin - free > len(copy):
            content[free : free + len(copy)] = copy
            count += 1
    file.write_bytes(content)
    return count


@pytest.mark.parametrize("kind", [TABLE_LEAF, INDEX_LEAF])
def test_what_a_moved_row_left_behind_is_erased_too(tmp_path: Path, kind: int) -> None:
    gallery = Gallery(tmp_path / "gallery.db")
    gallery.add_all([Enrollee(f"person {n}", [photo(looks(n))]) for n in range(40)], "2026-01-01T00:00:00Z")
    copy = gallery.find("person 7").id.encode() + b"person 7"
    assert leave_behind(gallery.path, copy, kind)
    gallery.forget("person 7")
    assert copy not in gallery.path.read_bytes()
    assert len(gallery.people()) == 39
