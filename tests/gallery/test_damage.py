"""A damaged gallery: an error in one line, the file left as it is, nobody read as another."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from edgegate.errors import GalleryError
from edgegate.gallery import Gallery
from tests.support.galleries import TODAY, random_photo


def replacing(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda whole: whole.replace(old, new)


NUMBER = random_photo(3).embedding.tobytes()[:4]
PAGE = 4096


def without_page(whole: bytes, number: int) -> bytes:
    """A file with zeros for one of its pages, which are numbered from 1."""
    return whole[: (number - 1) * PAGE] + bytes(PAGE) + whole[number * PAGE :]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda _: b"this was a gallery once" * 50, id="something else"),
        pytest.param(lambda whole: whole[: len(whole) // 2], id="cut off"),
        pytest.param(lambda whole: whole[:100] + b"\xff" * 50 + whole[150:], id="a page header"),
        pytest.param(lambda whole: without_page(whole, 3), id="a page lost"),
        pytest.param(replacing(b"TABLE photo (", b"TABLE ph'to ("), id="a schema of several lines"),
        pytest.param(replacing(b"TABLE photo (", b"TABLE ph\x80to ("), id="a schema that is no text"),
        pytest.param(replacing(b"one.jpg", b"one\x80jpg"), id="a word that is no text"),
        pytest.param(replacing(b"photo\x06CREATE", b"photo\x03CREATE"), id="one table in place of another"),
        pytest.param(replacing(NUMBER, np.float32(np.nan).tobytes()), id="not a number"),
        pytest.param(replacing(NUMBER, np.float32(1e30).tobytes()), id="a huge number"),
        pytest.param(replacing(NUMBER, np.float32(0.9).tobytes()), id="a changed number"),
    ],
)
def test_a_damaged_file_is_an_error_in_one_line_and_left_as_it_is(
    gallery: Gallery, damage: Callable[[bytes], bytes]
) -> None:
    gallery.add("Ann", [random_photo(i) for i in range(20)], TODAY)
    damaged = damage(gallery.path.read_bytes())
    assert damaged != gallery.path.read_bytes()
    gallery.path.write_bytes(damaged)
    with pytest.raises(GalleryError) as caught:
        gallery.people()
    assert str(caught.value).startswith(f"{gallery.path}: the gallery is damaged or unreadable (")
    assert str(caught.value).endswith("restore a backup, or move it away and enrol again")
    assert "\n" not in str(caught.value)
    assert gallery.path.read_bytes() == damaged


def test_any_lost_page_is_found_by_a_check_and_nobody_is_read_as_another(gallery: Gallery) -> None:
    """But for the end of a picture, which nothing but its own encryption vouches for."""
    pictures = 5
    gallery.add("Ann", [replace(random_photo(i), picture=bytes([i]) * 3 * PAGE) for i in range(pictures)], TODAY)
    gallery.add("Ben", [random_photo(i) for i in range(10, 30)], TODAY)
    whole, before = gallery.path.read_bytes(), essentials(gallery)
    pages = range(1, len(whole) // PAGE + 1)
    unread, unchecked = 0, 0
    for number in pages:
        gallery.path.write_bytes(without_page(whole, number))
        try:
            gallery.fault()
            unchecked += 1
        except GalleryError:
            pass
        try:
            assert essentials(gallery) == before
        except GalleryError:
            unread += 1
    assert unchecked <= pictures
    assert unread >= 10, "of the pages that are needed to know who is enrolled"


def essentials(gallery: Gallery) -> list[tuple[str, list[bytes]]]:
    return [(person.name, [shot.embedding.tobytes() for shot in person.photos]) for person in gallery.people()]


@pytest.mark.parametrize("change", ["person = x'07'", "quality = 'good'", "template = 'text'", "look = NULL"])
def test_a_row_of_other_types_is_damage(gallery: Gallery, change: str) -> None:
    gallery.add("Ann", [random_photo(1)], TODAY)
    with closing(sqlite3.connect(gallery.path)) as db, db:
        db.executescript(
            "PRAGMA writable_schema = ON;"
            "UPDATE sqlite_schema SET sql = replace(replace(sql, ') STRICT', ')'), ' NOT NULL', '');"
            "PRAGMA writable_schema = OFF"
        )
    with closing(sqlite3.connect(gallery.path)) as db, db:
        db.execute(f"UPDATE photo SET {change}")  # noqa: S608 (of this file alone)
    with pytest.raises(GalleryError, match="damaged or unreadable"):
        gallery.people()
