"""The gallery: the people enrolled, in a file that other processes write too, and that forgets."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edgegate.errors import GalleryError, UsageError
from edgegate.gallery import MAX_PHOTOS, Enrolled, Gallery, Person, Photo
from tests.support.fakes import EMBEDDER, looks, photo
from tests.support.galleries import TODAY, random_photo
from tests.support.paths import ROOT

# Enrolling and finding.


def test_nobody_is_enrolled_where_there_is_no_file_and_reading_makes_none(gallery: Gallery) -> None:
    assert gallery.people() == ()
    assert gallery.version() is None
    assert gallery.names() == {}
    assert not gallery.path.parent.exists()


def test_what_was_enrolled_is_found_as_it_was(gallery: Gallery) -> None:
    taken = Photo(looks(30), 0.75, EMBEDDER, "grace.jpg")
    grace = gallery.add("Grace", [taken], TODAY)
    (kept,) = gallery.find("Grace").photos
    assert (grace.name, grace.enrolled) == ("Grace", TODAY)
    assert (kept.quality, kept.embedder, kept.source) == (0.75, EMBEDDER, "grace.jpg")
    assert np.array_equal(kept.embedding, taken.embedding)
    assert gallery.names() == {grace.id: "Grace"}


def test_people_are_listed_by_name_each_with_an_opaque_id(gallery: Gallery) -> None:
    for name in ("Grace", "Ann", "Zoë", "محمد‌رضا"):
        gallery.add(name, [photo(looks(0))], TODAY)
    people = gallery.people()
    assert [person.name for person in people] == ["Ann", "Grace", "Zoë", "محمد‌رضا"]
    assert len({person.id for person in people}) == 4
    assert all(len(person.id) == 16 and int(person.id, 16) >= 0 for person in people)


def test_more_photos_join_the_person_who_keeps_id_and_day(gallery: Gallery) -> None:
    first = gallery.add("Ann", [photo(looks(0))], TODAY)
    second = gallery.add("Ann", [photo(looks(10)), photo(looks(20))], "2027-01-01T00:00:00Z")
    assert (second.id, second.enrolled, len(second.photos)) == (first.id, TODAY, 3)


def test_a_template_takes_the_best_photos_by_quality(gallery: Gallery) -> None:
    gallery.add("Ann", [photo(looks(0), quality=q / 10) for q in (1, 9, 5, 7, 3, 8, 6)], TODAY)
    best = [shot.quality for shot in gallery.find("Ann").best()]
    assert best == [0.9, 0.8, 0.7, 0.6, 0.5]
    assert len(best) == MAX_PHOTOS


def test_an_unknown_name_is_an_error_that_lists_those_enrolled(gallery: Gallery) -> None:
    with pytest.raises(GalleryError, match=r"^Ann: not enrolled; enrolled: nobody$"):
        gallery.find("Ann")
    for i in range(12):
        gallery.add(f"p{i:02}", [photo(looks(0))], TODAY)
    with pytest.raises(GalleryError, match=r"^Ann: not enrolled; enrolled: p00, .*, p09$"):
        gallery.forget("Ann")


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "\x1b[31mred", "\udcff"])
def test_an_invalid_name_is_refused(gallery: Gallery, name: str) -> None:
    with pytest.raises(UsageError, match="name"):
        gallery.add(name, [photo(looks(0))], TODAY)
    assert not gallery.path.exists()


def test_a_person_needs_a_photo(gallery: Gallery) -> None:
    with pytest.raises(UsageError, match="at least one photo"):
        gallery.add("Ann", [], TODAY)


def test_an_enrolment_that_cannot_be_recorded_did_not_happen(gallery: Gallery) -> None:
    ids: list[str] = []

    def fail(person: str) -> None:
        ids.append(person)
        raise GalleryError("the journal is full")

    ann = gallery.add("Ann", [photo(looks(0))], TODAY)
    for name in ("Ann", "Ben"):
        with pytest.raises(GalleryError, match="the journal is full"):
            gallery.add(name, [photo(looks(5))], TODAY, record=fail)
    assert ids[0] == ann.id
    assert [(person.name, len(person.photos)) for person in gallery.people()] == [("Ann", 1)]


def test_people_can_be_enrolled_in_memory_for_measuring() -> None:
    ann = Person("1", "Ann", TODAY, (photo(looks(0)),))
    enrolled = Enrolled((ann,))
    assert enrolled.people() == (ann,)
    assert enrolled.version() == enrolled.version()


# The file.


def test_only_its_owner_can_read_the_file(gallery: Gallery) -> None:
    mask = os.umask(0)
    try:
        gallery.add("Ann", [photo(looks(0))], TODAY)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(gallery.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(gallery.path.parent.stat().st_mode) == 0o700


def test_the_version_differs_after_every_change_and_stays_without_one(gallery: Gallery) -> None:
    versions = [gallery.version()]
    changes: list[Callable[[], object]] = [
        lambda: gallery.add("Ann", [photo(looks(0))], TODAY),
        lambda: gallery.add("Ann", [photo(looks(0))], TODAY),
        lambda: gallery.add("Ben", [photo(looks(90))], TODAY),
        lambda: gallery.forget("Ann"),
    ]
    for change in changes:
        change()
        gallery.people()
        assert gallery.version() == gallery.version()
        versions.append(gallery.version())
    assert len(set(versions)) == 5


WRITER = """
import sys
from pathlib import Path
from tests.support.fakes import looks, photo
from edgegate.gallery import Gallery
gallery = Gallery(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for i in range(10):
    gallery.add("everybody", [photo(looks(i))], "2026-01-01T00:00:00Z")
    gallery.add(f"{sys.argv[2]}-{i}", [photo(looks(i))], "2026-01-01T00:00:00Z")
"""


def test_processes_that_enrol_at_the_same_moment_wait_for_each_other(gallery: Gallery) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, gallery.path, name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two", "three")
    ]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    assert len(gallery.people()) == 31
    assert len(gallery.find("everybody").photos) == 30


def test_a_folder_that_cannot_be_made_is_an_error_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "gallery.db"
    with pytest.raises(GalleryError, match=rf"^{path}: cannot be created: .*; see to the folder's owner"):
        Gallery(path).add("Ann", [photo(looks(0))], TODAY)


def test_a_file_that_somebody_keeps_locked_is_not_called_damaged(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path / "gallery.db", patience=0.05)
    gallery.add("Ann", [photo(looks(0))], TODAY)
    with closing(sqlite3.connect(gallery.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(GalleryError, match="cannot be used: database is locked"):
            gallery.people()
    assert len(gallery.people()) == 1


def test_a_file_of_a_newer_version_is_left_alone(gallery: Gallery) -> None:
    gallery.add("Ann", [photo(looks(0))], TODAY)
    with closing(sqlite3.connect(gallery.path)) as db:
        db.execute("PRAGMA user_version = 3")
    before = gallery.path.read_bytes()
    for use in (gallery.people, lambda: gallery.add("Ben", [photo(looks(0))], TODAY)):
        with pytest.raises(GalleryError, match=r"newer edgegate \(schema 3, this one knows 2\); update edgegate"):
            use()
    assert gallery.path.read_bytes() == before


# Forgetting.


def test_a_forgotten_person_leaves_no_trace_in_the_file(gallery: Gallery) -> None:
    for i in range(5):
        gallery.add(f"Neighbour {i}", [random_photo(10 * i + j) for j in range(5)], TODAY)
    grace = gallery.add("Grace Hopper", [random_photo(100 + j, f"rear-admiral-{j}.jpg") for j in range(20)], TODAY)
    traces = [b"Grace", b"Hopper", b"rear-admiral", grace.id.encode()]
    traces += [shot.embedding.tobytes()[:16] for shot in grace.photos]
    assert all(trace in gallery.path.read_bytes() for trace in traces)

    forgotten = gallery.forget("Grace Hopper")

    assert (forgotten.person.id, forgotten.templates) == (grace.id, 20)
    for file in gallery.path.parent.iterdir():
        assert [trace for trace in traces if trace in file.read_bytes()] == []
    assert grace.id not in gallery.names()
    assert [len(person.photos) for person in gallery.people()] == [5] * 5


def test_somebody_who_comes_back_has_another_id(gallery: Gallery) -> None:
    first = gallery.add("Ann", [photo(looks(0))], TODAY)
    gallery.forget("Ann")
    assert gallery.add("Ann", [photo(looks(0))], TODAY).id != first.id


@pytest.mark.parametrize("name", ["A", "1", "Li", "sql", "Ann"])
def test_what_others_or_sqlite_write_is_not_taken_for_a_trace(gallery: Gallery, name: str) -> None:
    gallery.add("Anna", [photo(looks(0), source="Ann-and-Anna.jpg")], TODAY)
    gallery.add(name, [photo(looks(0), source="Ann-and-Anna.jpg")], TODAY)
    gallery.forget(name)
    assert [person.name for person in gallery.people()] == ["Anna"]


def test_a_trace_that_remains_is_an_error(gallery: Gallery) -> None:
    gallery.add("Grace", [photo(looks(0))], TODAY)
    with closing(sqlite3.connect(gallery.path)) as db:
        db.execute("CREATE TABLE note (text TEXT)")
        db.execute("INSERT INTO note VALUES ('Grace was here')")
        db.commit()
    with pytest.raises(GalleryError, match=r"^Grace: erased, but a trace remains in .*; delete that file to be sure$"):
        gallery.forget("Grace")
