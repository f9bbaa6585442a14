"""Encryption at rest: what lies in the gallery's file, whose key is lost, and carrying over the first schema."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edgegate.errors import GalleryError, KeyFileError, UsageError
from edgegate.gallery import Details, Gallery, Person, Photo
from edgegate.gallery.keys import Keys
from edgegate.gallery.migration import backup_of, read_backup
from edgegate.gallery.rotation import rotate
from tests.support.crashes import crashes
from tests.support.fakes import EMBEDDER, looks, photo

TODAY = "2026-01-01T00:00:00Z"
PICTURE = b"\xff\xd8\xff a picture, which is longer than a word \xff\xd9"

FIRST_SCHEMA = """
CREATE TABLE person (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, enrolled TEXT NOT NULL) STRICT;
CREATE TABLE photo (
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    embedding BLOB NOT NULL, quality REAL NOT NULL, embedder TEXT NOT NULL, source TEXT NOT NULL
) STRICT;
PRAGMA user_version = 1;
"""


def random_photo(seed: int, **said: object) -> Photo:
    values = np.random.default_rng(seed).normal(size=128).astype(np.float32)
    return Photo(values / np.linalg.norm(values), 0.5, EMBEDDER, **said)  # type: ignore[arg-type]


class Door:
    """A gallery and its keys, in folders that can be put back as they were."""

    def __init__(self, folder: Path) -> None:
        self.data, self.etc, self._saved = folder / "data", folder / "etc", folder / "saved"
        self.keys = Keys(self.etc / "edgegate.key", self.data)
        self.gallery = Gallery(self.data / "gallery.db", key=self.keys)

    def save(self) -> None:
        for part in (self.data, self.etc):
            if part.exists():
                shutil.copytree(part, self._saved / part.name)

    def restore(self) -> None:
        for part in (self.data, self.etc):
            shutil.rmtree(part, ignore_errors=True)
            if (self._saved / part.name).exists():
                shutil.copytree(self._saved / part.name, part)

    @property
    def bytes_at_rest(self) -> bytes:
        return b"".join(file.read_bytes() for file in self.data.rglob("*") if file.is_file())


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def known(people: tuple[Person, ...]) -> list[tuple[str, list[bytes]]]:
    return [(person.name, [shot.embedding.tobytes() for shot in person.photos]) for person in people]


def with_first_schema(door: Door) -> list[tuple[str, list[bytes]]]:
    """A gallery as the first version wrote it; who is in it."""
    door.data.mkdir(mode=0o700)
    shots = {name: [random_photo(10 * i + j, source=f"{name}.jpg") for j in range(2)] for i, name in enumerate("AB")}
    with closing(sqlite3.connect(door.gallery.path)) as db:
        db.executescript(FIRST_SCHEMA)
        for name, photos in shots.items():
            db.execute("INSERT INTO person VALUES (?, ?, ?)", (f"id-of-{name}", name, TODAY))
            for shot in photos:
                row = (f"id-of-{name}", shot.embedding.tobytes(), shot.quality, shot.embedder, shot.source)
                db.execute("INSERT INTO photo VALUES (?, ?, ?, ?, ?)", row)
        db.commit()
    return [(name, [shot.embedding.tobytes() for shot in photos]) for name, photos in shots.items()]


# At rest.


def test_neither_templates_nor_pictures_lie_in_the_file(door: Door) -> None:
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
def test_a_template_is_bound_to_its_person_row_and_all_that_the_row_says(door: Door, swap: str) -> None:
    door.gallery.add("Ann", [random_photo(1)], TODAY)
    door.gallery.add("Ben", [random_photo(2)], TODAY)
    with closing(sqlite3.connect(door.gallery.path)) as db, db:
        db.execute(swap)
    with pytest.raises(GalleryError, match=r"damaged or unreadable \(a template: what is encrypted has changed\)"):
        door.gallery.people()


def test_what_was_never_encrypted_is_not_taken_from_a_gallery_that_is(door: Door) -> None:
    door.gallery.add("Ann", [random_photo(1)], TODAY)
    with closing(sqlite3.connect(door.gallery.path)) as db, db:
        db.execute("UPDATE photo SET key = '', template = ?", (random_photo(2).embedding.tobytes(),))
    (ann,) = door.gallery.people()
    assert (ann.photos, ann.unreadable) == ((), 1)


@pytest.mark.parametrize("quality", [1, np.float32(0.3), 0.1])
def test_a_number_of_any_kind_may_be_a_quality(door: Door, quality: float) -> None:
    door.gallery.add("Ann", [photo(looks(0), quality=quality, source="\udcff.jpg")], TODAY)
    assert door.gallery.find("Ann").photos[0].quality == float(quality)


# A lost key.


def test_a_lost_key_loses_the_templates_and_nothing_else(door: Door) -> None:
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


def test_after_a_lost_key_people_come_again_under_a_new_one_by_choice(door: Door) -> None:
    for seed, name in enumerate(("Ann", "Ben")):
        door.gallery.add(name, [random_photo(seed)], TODAY)
    door.keys.path.unlink()
    done = rotate(door.gallery, door.keys, lost=True)
    assert (done.photos, done.unreadable) == (0, ("Ann", "Ben"))
    door.gallery.add("Ann", [random_photo(7)], TODAY)
    door.gallery.add("Cas", [random_photo(8)], TODAY)
    counts = {person.name: (len(person.photos), person.unreadable) for person in door.gallery.people()}
    assert counts == {"Ann": (1, 0), "Ben": (0, 1), "Cas": (1, 0)}


def test_a_key_that_comes_back_brings_everything_back(door: Door) -> None:
    door.gallery.add("Ann", [random_photo(1)], TODAY)
    before, version = known(door.gallery.people()), door.gallery.version()
    door.keys.path.rename(door.etc / "away")
    assert door.gallery.version() != version
    assert door.gallery.people()[0].unreadable == 1
    (door.etc / "away").rename(door.keys.path)
    assert known(door.gallery.people()) == before


def test_another_key_in_its_place_is_a_lost_one(door: Door) -> None:
    door.gallery.add("Ann", [random_photo(1)], TODAY)
    door.keys.path.write_bytes(bytes(32))
    assert door.gallery.people()[0].unreadable == 1
    with pytest.raises(KeyFileError, match="the key of this gallery is lost"):
        door.gallery.add("Ben", [random_photo(2)], TODAY)
    assert door.keys.path.read_bytes() == bytes(32)


def test_a_refused_key_is_told_and_everything_but_enrolling_goes_on(door: Door) -> None:
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


def test_once_nobody_is_left_a_lost_key_is_no_loss(door: Door) -> None:
    door.gallery.add("Ann", [random_photo(1)], TODAY)
    door.gallery.forget("Ann")
    door.keys.path.unlink()
    door.gallery.add("Ben", [random_photo(2)], TODAY)
    assert len(door.gallery.find("Ben").photos) == 1


# Rotation.


def test_rotation_encrypts_everything_anew_and_the_old_key_opens_nothing(door: Door) -> None:
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


def test_an_old_key_stays_for_other_folders_unless_it_is_to_go(door: Door) -> None:
    door.gallery.add("Ann", [random_photo(1)], TODAY)
    shutil.copytree(door.data, door.data.with_name("copy"))
    rotate(door.gallery, door.keys)
    copy = Gallery(door.data.with_name("copy") / "gallery.db", key=door.keys)
    assert known(copy.people()) == known(door.gallery.people())


def test_a_crash_at_any_line_of_a_rotation_leaves_everything_readable(door: Door) -> None:
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


# The first schema.


def test_a_gallery_of_the_first_schema_is_read_as_it_is(door: Door) -> None:
    people = with_first_schema(door)
    content = door.gallery.path.read_bytes()
    assert known(door.gallery.people()) == people
    assert door.gallery.names()["id-of-A"] == "A"
    assert door.gallery.path.read_bytes() == content
    assert not door.keys.path.exists()


@pytest.mark.parametrize("use", ["add", "change", "migrate"])
def test_the_first_writing_encrypts_it_and_keeps_an_encrypted_backup(door: Door, use: str) -> None:
    people = with_first_schema(door)
    content = door.gallery.path.read_bytes()
    if use == "add":
        door.gallery.add("A", [random_photo(99)], TODAY)
        people[0][1].append(random_photo(99).embedding.tobytes())
    elif use == "change":
        door.gallery.change("A", Details(("staff",)))
    else:
        assert door.gallery.migrate()
    assert not door.gallery.migrate()
    assert known(door.gallery.people()) == people
    assert {person.id for person in door.gallery.people()} == {"id-of-A", "id-of-B"}
    assert not any(template[:8] in door.bytes_at_rest for _, templates in people for template in templates)
    assert read_backup(door.gallery.path, door.keys.load()) == content
    assert backup_of(door.gallery.path).stat().st_mode & 0o777 == 0o600


def test_forgetting_reaches_the_backup(door: Door) -> None:
    with_first_schema(door)
    erased = door.gallery.forget("A")
    assert erased.templates == 2
    assert [person.name for person in door.gallery.people()] == ["B"]
    door.gallery.change("B", Details(note="b"))
    (door.data / ".gallery.db.schema-1.0a0b.new").write_bytes(b"an unfinished one")
    backup_of(door.gallery.path).write_bytes(b"a backup")
    assert len(door.gallery.forget("B").removed) == 2
    assert [file.name for file in door.data.iterdir()] == ["gallery.db"]


def test_a_backup_that_cannot_be_opened_is_told(door: Door) -> None:
    with_first_schema(door)
    with pytest.raises(UsageError, match="there is no backup"):
        read_backup(door.gallery.path, {})
    door.gallery.migrate()
    with pytest.raises(KeyFileError, match="is lost, and with it the backup"):
        read_backup(door.gallery.path, {})
    backup = backup_of(door.gallery.path)
    backup.write_bytes(backup.read_bytes()[:-1])
    with pytest.raises(GalleryError, match="damaged: what is encrypted has changed"):
        read_backup(door.gallery.path, door.keys.load())


def test_a_crash_at_any_line_of_carrying_over_loses_nobody(door: Door) -> None:
    people = with_first_schema(door)
    door.save()
    crashed = 0
    for crashed in crashes(door.restore, door.gallery.migrate):
        assert known(door.gallery.people()) == people
        if crashed % 4 == 0:
            door.gallery.migrate()
            assert known(door.gallery.people()) == people
            door.gallery.forget("A")
            assert not any(template[:8] in door.bytes_at_rest for template in people[0][1])
    assert crashed > 50


def test_a_crash_at_any_line_of_the_first_enrolment_leaves_all_or_nothing(door: Door) -> None:
    ann = random_photo(1)
    for _ in crashes(door.restore, lambda: door.gallery.add("Ann", [ann], TODAY)):
        assert known(door.gallery.people()) in ([], [("Ann", [ann.embedding.tobytes()])])
        assert door.gallery.fault() is None
