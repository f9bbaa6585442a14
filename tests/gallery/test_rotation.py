"""Rotation: another key for everything in the gallery, and a crash at any line of it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edgegate.gallery import Gallery
from edgegate.gallery.rotation import rotate
from tests.support.crashes import crashes
from tests.support.galleries import PICTURE, TODAY, EncryptedGallery, known, random_photo


@pytest.fixture
def door(tmp_path: Path) -> EncryptedGallery:
    return EncryptedGallery(tmp_path)


def test_rotation_reencrypts_everything_and_the_old_key_opens_nothing(door: EncryptedGallery) -> None:
    door.gallery.add("Ann", [random_photo(1, picture=PICTURE)], TODAY)
    before = known(door.gallery.people())
    old = door.keys.path.read_bytes()
    done = rotate(door.gallery, door.keys, erase_retired=True)
    assert (done.photos, done.unreadable, done.erased_keys) == (1, (), 1)
    assert door.keys.path.read_bytes() != old
    assert [file.name for file in door.etc.iterdir()] == ["edgegate.key"]
    assert known(door.gallery.people()) == before
    assert door.gallery.find("Ann", pictures=True).photos[0].picture == PICTURE
    door.keys.path.write_bytes(old)
    assert door.gallery.people()[0].unreadable == 1


def test_an_old_key_stays_for_other_folders_unless_it_is_to_go(door: EncryptedGallery) -> None:
    door.gallery.add("Ann", [random_photo(1)], TODAY)
    shutil.copytree(door.data, door.data.with_name("copy"))
    rotate(door.gallery, door.keys)
    copy = Gallery(door.data.with_name("copy") / "gallery.db", key=door.keys)
    assert known(copy.people()) == known(door.gallery.people())


def test_a_crash_at_any_line_of_a_rotation_leaves_everything_readable(door: EncryptedGallery) -> None:
    for seed, name in enumerate(("Ann", "Ben")):
        door.gallery.add(name, [random_photo(seed, picture=PICTURE)], TODAY)
    door.save()
    before, ids, crashed = known(door.gallery.people()), set(), 0
    for crashed in crashes(door.restore, lambda: rotate(door.gallery, door.keys)):
        assert known(door.gallery.people()) == before
        assert door.gallery.fault() is None
        with closing(sqlite3.connect(door.gallery.path)) as db:
            ids |= {tuple(db.execute("SELECT DISTINCT key FROM photo ORDER BY key").fetchall())}
        if crashed % 4 == 0:  # whatever was left, it can be gone on from
            door.gallery.add("Ann", [random_photo(9)], TODAY)
            rotate(door.gallery, door.keys, erase_retired=True)
            assert len(door.gallery.find("Ann").photos) == 2
    assert crashed > 50
    assert all(len(keys) == 1 for keys in ids)
    assert len(ids) > 2, "some crashes came before the transaction, others after it"
