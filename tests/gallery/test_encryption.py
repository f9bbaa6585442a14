"""Encryption at rest: the bytes in the gallery's file, and a lost key."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edgegate.errors import GalleryError, KeyFileError
from edgegate.gallery import Details
from edgegate.gallery.rotation import rotate
from tests.support.crashes import crashes
from tests.support.fakes import looks, photo
from tests.support.galleries import PICTURE, TODAY, EncryptedGallery, known, random_photo


@pytest.fixture
def door(tmp_path: Path) -> EncryptedGallery:
    return EncryptedGallery(tmp_path)


# At rest.


def test_neither_templates_nor_pictures_lie_in_the_file(door: EncryptedGallery) -> None:
    shots = [random_photo(seed, look="glasses" * (seed % 2), picture=PICTURE) for seed in range(4)]
    door.gallery.add("Grace", shots, TODAY, details=Details(("staff",), "note", TODAY))
    grace = door.gallery.find("Grace", pictures=True)
    assert known((grace,)) == [("Grace", [shot.embedding.tobytes() for shot in shots])]
    assert {shot.picture for shot in grace.photos} == {PICTURE}
    assert [shot.picture for shot in door.gallery.find("Grace").photos] == [None] * 4
    assert (grace.groups, grace.note, grace.valid_from, grace.valid_until) == (("staff",), "note", TODAY, None)
    assert PICTURE not in door.bytes_at_rest
    assert not any(shot.embedding.tobytes()[:8] in door.bytes_at_rest for shot in shots)
    assert b"Grace" in door.bytes_at_rest


@pytest.mark.parametrize(
    "swap",
    [
        "UPDATE photo SET person = (SELECT id FROM person WHERE name = 'Ben')",
        "UPDATE photo SET template = (SELECT template FROM photo WHERE number = 2) WHERE number = 1",
        "UPDATE photo SET number = number + 10",
        "UPDATE photo SET quality = 1.0",
        "UPDATE photo SET embedder = replace(embedder, 'e', 'f')",
        "UPDATE photo SET look = 'mask'",
        "UPDATE photo SET template = substr(template, 1, 40)",
    ],
)
def test_a_template_is_bound_to_its_person_row_and_all_that_the_row_says(door: EncryptedGallery, swap: str) -> None:
    door.gallery.add("Ann", [random_photo(1)], TODAY)
    door.gallery.add("Ben", [random_photo(2)], TODAY)
    with closing(sqlite3.connect(door.gallery.path)) as db, db:
        db.execute(swap)
    with pytest.raises(GalleryError, match=r"damaged or unreadable \(a template: what is encrypted has changed\)"):
        door.gallery.people()


def test_what_was_never_encrypted_is_not_taken_from_a_gallery_that_is(door: EncryptedGallery) -> None:
    door.gallery.add("Ann", [random_photo(1)], TODAY)
    with closing(sqlite3.connect(door.gallery.path)) as db, db:
        db.execute("UPDATE photo SET key = '', template = ?", (random_photo(2).embedding.tobytes(),))
    (ann,) = door.gallery.people()
    assert (ann.photos, ann.unreadable) == ((), 1)


@pytest.mark.parametrize("quality", [1, np.float32(0.3), 0.1])
def test_a_number_of_any_kind_may_be_a_quality(door: EncryptedGallery, quality: float) -> None:
    door.gallery.add("Ann", [photo(looks(0), quality=quality, source="\udcff.jpg")], TODAY)
    assert door.gallery.find("Ann").photos[0].quality == float(quality)


# A lost key.


def test_a_lost_key_loses_the_templates_and_nothing_else(door: EncryptedGallery) -> None:
    ann = door.gallery.add("Ann", [random_photo(1)], TODAY, details=Details(("staff",)))
    door.gallery.add("Ben", [random_photo(2)], TODAY)
    assert door.gallery.fault() is None
    door.keys.path.unlink()

    there = {person.name: person for person in door.gallery.people()}
    assert (there["Ann"].groups, there["Ann"].photos, there["Ann"].unreadable) == (("staff",), (), 1)
    assert "must come again: Ann, Ben" in (door.gallery.fault() or "")
    assert door.gallery.names()[ann.id] == "Ann"
    assert door.gallery.change("Ann", Details(note="locked out")).note == "locked out"
    for use in (
        lambda: door.gallery.add("Cas", [random_photo(3)], TODAY),
        lambda: door.gallery.add("Ann", [random_photo(3)], TODAY),
        lambda: rotate(door.gallery, door.keys),
    ):
        with pytest.raises(KeyFileError, match=r"restore it from a backup; .*`edgegate people rotate-key --lost`"):
            use()
    assert not door.keys.path.exists()
    assert door.gallery.forget("Ben").templates == 1
    assert [person.name for person in door.gallery.people()] == ["Ann"]


def test_after_a_lost_key_people_come_again_under_a_new_one_by_choice(door: EncryptedGallery) -> None:
    for seed, name in enumerate(("Ann", "Ben")):
        door.gallery.add(name, [random_photo(seed)], TODAY)
    door.keys.path.unlink()
    done = rotate(door.gallery, door.keys, lost=True)
    assert (done.photos, done.unreadable) == (0, ("Ann", "Ben"))
    door.gallery.add("Ann", [random_photo(7)], TODAY)
    door.gallery.add("Cas", [random_photo(8)], TODAY)
    counts = {person.name: (len(person.photos), person.unreadable) for person in door.gallery.people()}
    assert counts == {"Ann": (1, 0), "Ben": (0, 1), "Cas": (1, 0)}


def test_a_key_that_comes_back_brings_everything_back(door: EncryptedGallery) -> None:
    door.gallery.add("Ann", [random_photo(1)], TODAY)
    before, version = known(door.gallery.people()), door.gallery.version()
    door.keys.path.rename(door.etc / "away")
    assert door.gallery.version() != version
    assert door.gallery.people()[0].unreadable == 1
    (door.etc / "away").rename(door.keys.path)
    assert known(door.gallery.people()) == before


def test_another_key_in_its_place_is_a_lost_one(door: EncryptedGallery) -> None:
    door.gallery.add("Ann", [random_photo(1)], TODAY)
    door.keys.path.write_bytes(bytes(32))
    assert door.gallery.people()[0].unreadable == 1
    with pytest.raises(KeyFileError, match="the key of this gallery is lost"):
        door.gallery.add("Ben", [random_photo(2)], TODAY)
    assert door.keys.path.read_bytes() == bytes(32)


def test_a_refused_key_is_a_fault_and_everything_but_enrolling_goes_on(door: EncryptedGallery) -> None:
    door.gallery.add("Ann", [random_photo(1)], TODAY)
    door.keys.path.chmod(0o644)
    assert door.gallery.people()[0].unreadable == 1
    assert "others may read this key" in (door.gallery.fault() or "")
    for use in (
        lambda: door.gallery.add("Ben", [random_photo(2)], TODAY),
        lambda: rotate(door.gallery, door.keys, lost=True),
    ):
        with pytest.raises(KeyFileError, match="others may read this key"):
            use()
    door.gallery.forget("Ann")


def test_once_nobody_is_left_a_lost_key_is_no_loss(door: EncryptedGallery) -> None:
    door.gallery.add("Ann", [random_photo(1)], TODAY)
    door.gallery.forget("Ann")
    door.keys.path.unlink()
    door.gallery.add("Ben", [random_photo(2)], TODAY)
    assert len(door.gallery.find("Ben").photos) == 1


def test_a_crash_at_any_line_of_the_first_enrolment_leaves_all_or_nothing(door: EncryptedGallery) -> None:
    ann = random_photo(1)
    for _ in crashes(door.restore, lambda: door.gallery.add("Ann", [ann], TODAY)):
        assert known(door.gallery.people()) in ([], [("Ann", [ann.embedding.tobytes()])])
        assert door.gallery.fault() is None
