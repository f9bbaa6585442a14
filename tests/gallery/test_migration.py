"""Migration: a gallery of the first schema is encrypted, its backup too, and a crash loses nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgegate.errors import GalleryError, KeyFileError, UsageError
from edgegate.gallery import Details
from edgegate.gallery.migration import backup_of, read_backup
from tests.support.crashes import crashes
from tests.support.galleries import TODAY, EncryptedGallery, known, random_photo, with_first_schema


@pytest.fixture
def door(tmp_path: Path) -> EncryptedGallery:
    return EncryptedGallery(tmp_path)


def test_a_gallery_of_the_first_schema_is_read_as_it_is(door: EncryptedGallery) -> None:
    people = with_first_schema(door)
    content = door.gallery.path.read_bytes()
    assert known(door.gallery.people()) == people
    assert door.gallery.names()["id-of-A"] == "A"
    assert door.gallery.path.read_bytes() == content
    assert not door.keys.path.exists()


@pytest.mark.parametrize("use", ["add", "change", "migrate"])
def test_the_first_writing_encrypts_it_and_keeps_an_encrypted_backup(door: EncryptedGallery, use: str) -> None:
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


def test_forgetting_reaches_the_backup(door: EncryptedGallery) -> None:
    with_first_schema(door)
    erased = door.gallery.forget("A")
    assert erased.templates == 2
    assert [person.name for person in door.gallery.people()] == ["B"]
    door.gallery.change("B", Details(note="b"))
    (door.data / ".gallery.db.schema-1.0a0b.new").write_bytes(b"an unfinished one")
    backup_of(door.gallery.path).write_bytes(b"a backup")
    assert len(door.gallery.forget("B").removed) == 2
    assert [file.name for file in door.data.iterdir()] == ["gallery.db"]


def test_a_backup_that_cannot_be_opened_is_an_error(door: EncryptedGallery) -> None:
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


def test_a_crash_at_any_line_of_a_migration_loses_nobody(door: EncryptedGallery) -> None:
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
