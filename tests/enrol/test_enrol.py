"""Enrolling, listing and forgetting people, as a person does it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgegate.types import Image
from tests.support.door_scenes import ENROLLED, STRANGER, cut_off, stills, write_scene
from tests.support.poses import turned
from tests.support.program import Program
from tests.support.small_disk import SmallDisk


@pytest.fixture
def portrait() -> Image:
    return np.asarray(cv2.imread(str(ENROLLED.file)), np.uint8)


def save(path: Path, image: Image) -> Path:
    assert cv2.imwrite(str(path), image)
    return path


def test_a_photo_enrols_a_person_and_the_journal_has_it_without_the_name(edgegate: Program) -> None:
    result = edgegate("enroll", "Ann Lee", ENROLLED.file)
    assert (result.status, result.err) == (0, "")
    assert f"{ENROLLED.file}: accepted" in result.out
    assert "three to five different photos make recognition surer" in result.out
    (person,) = edgegate.gallery.people()
    (event,) = edgegate("journal", "list", "--json").json
    assert (event["type"], event["subject"]) == ("io.edgegate.person.enrolled", person.id)
    assert (event["data"]["person"], event["data"]["photos"]) == ("Ann Lee", 1)
    assert b"Ann Lee" not in (edgegate.data / "journal.db").read_bytes()


def test_of_a_folder_and_a_video_the_best_that_differ_are_kept(edgegate: Program, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, turn in enumerate((0.0, 0.0, 1.8)):
        save(folder / f"{number}.png", turned(ENROLLED, turn))
    (folder / "notes.txt").write_text("not a photo")
    video = write_scene(tmp_path / "ann.avi", [("enrolled", 1.0)])
    result = edgegate("enroll", "Ann", folder, video, "--json").json
    assert (result["accepted"], result["kept"], result["enrolled"]) == (13, 2, 2)
    assert "much the same as another photo" in result["photos"][1]["advice"]
    shown = edgegate("people", "show", "Ann", "--json").json
    assert "2.png" in {photo["source"] for photo in shown["photos"]}


def _cut_to(picture: Image, width: int) -> Image:
    return np.asarray(cv2.resize(picture, (width, width), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        ("no_face", lambda _: np.full((300, 300, 3), 128, np.uint8)),
        ("several_faces", lambda picture: np.hstack([picture, picture])),
        ("too_small", lambda picture: _cut_to(picture, 160)),
        ("blurred", lambda picture: cv2.GaussianBlur(picture, (0, 0), 4)),
        ("dark", lambda picture: (picture * 0.1).astype(np.uint8)),
        ("cut_off", lambda picture: picture[:, 220:]),
    ],
)
def test_a_photo_that_will_not_do_is_refused_with_the_reason(
    reason: str, spoil: Callable[[Image], Image], edgegate: Program, tmp_path: Path, portrait: Image
) -> None:
    photo = save(tmp_path / "photo.png", spoil(portrait))
    result = edgegate("enroll", "Ann", photo)
    assert (result.status, result.err) == (1, "")
    refusal, conclusion = result.out.splitlines()
    assert refusal.startswith(f"{photo}: refused: {reason}: ")
    assert conclusion == "Ann: not enrolled, none of 1 photos was accepted"
    assert not edgegate.data.exists()


def test_two_people_in_one_photo_are_refused(edgegate: Program, tmp_path: Path) -> None:
    photo = save(tmp_path / "both.png", stills()["enrolled in front"])
    result = edgegate("enroll", "Ann", photo, "--json")
    assert (result.status, result.json["photos"][0]["reason"]) == (1, "several_faces")


def test_files_that_are_no_pictures_are_refused_without_a_word_from_their_libraries(
    edgegate: Program, tmp_path: Path, portrait: Image
) -> None:
    png, jpeg = save(tmp_path / "cut.png", portrait), save(tmp_path / "cut.jpg", portrait)
    for path, share in ((png, 0.2), (jpeg, 0.05)):
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    empty, text = tmp_path / "empty.jpg", tmp_path / "text.jpg"
    empty.touch()
    text.write_text("certainly not a picture")
    huge = tmp_path / "huge.png"
    header = bytearray(save(tmp_path / "small.png", portrait).read_bytes())
    header[16:24] = b"\x00\x10\x00\x00\x00\x10\x00\x00"  # a million pixels each way
    huge.write_bytes(header)
    folder = tmp_path / "folder.jpg"
    folder.mkdir()
    (folder / "inner.jpg").mkdir()
    result = edgegate("enroll", "Ann", png, jpeg, empty, text, huge, folder, "--json")
    assert (result.status, result.err, result.json["accepted"]) == (1, "", 0)
    reasons = {Path(row["photo"]).name: row["reason"] for row in result.json["photos"]}
    assert {reasons[name] for name in ("empty.jpg", "text.jpg", "huge.png", "inner.jpg")} == {"unreadable"}
    assert not edgegate.data.exists()


def test_a_good_photo_counts_among_bad_ones(edgegate: Program, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    result = edgegate("enroll", "Ann", empty, ENROLLED.file, "--json")
    assert (result.status, result.json["accepted"]) == (0, 1)


def test_a_damaged_video_enrols_nobody(edgegate: Program, tmp_path: Path) -> None:
    video = cut_off(write_scene(tmp_path / "ann.mp4", [("enrolled", 1.0)]), 0.5)
    result = edgegate("enroll", "Ann", ENROLLED.file, video)
    assert "no video that can be read: damaged" in result.problem
    assert result.status == 1
    assert not edgegate.data.exists()


def test_one_person_has_one_name(door: Program) -> None:
    again = door("enroll", "Somebody Else", ENROLLED.file)
    assert again.status == 1
    assert f"refused: duplicate_of: the face is enrolled as {ENROLLED.person}" in again.out
    more = save(door.data.parent / "more.png", turned(ENROLLED, 1.8))
    assert door("enroll", ENROLLED.person, more).status == 0  # more photos of the same person are welcome
    assert door("enroll", "Grace", STRANGER.file).status == 0
    listed = door("people", "list", "--json").json
    assert {person["name"]: len(person["photos"]) for person in listed["people"]} == {ENROLLED.person: 2, "Grace": 1}


def test_the_list_says_what_the_threshold_rests_on(door: Program) -> None:
    result = door("people", "list")
    assert result.out.startswith(ENROLLED.person)
    door_rate = door("people", "list", "--json").json["promise"]
    assert f"threshold {door_rate['threshold']:.4f}" in result.out
    assert ("which the measurements do not carry" in result.out) is not door_rate["carried"]
    shown = door("people", "show", ENROLLED.person)
    assert ENROLLED.file.name in shown.out
    stranger = door("people", "show", "Nobody")
    assert (stranger.status, stranger.problem) == (1, f"Nobody: not enrolled; enrolled: {ENROLLED.person}")


def test_forgetting_leaves_nothing_but_a_receipt(door: Program) -> None:
    gallery = door.gallery
    (person,) = gallery.people()
    result = door("people", "forget", ENROLLED.person)
    assert (result.status, result.err) == (0, "")
    assert f"{ENROLLED.person}: erased, and checked: 1 templates are no longer in" in result.out
    assert gallery.people() == ()
    content = b"".join(path.read_bytes() for path in door.data.iterdir())
    assert person.photos[0].embedding.astype("<f4").tobytes() not in content
    assert ENROLLED.person.encode() not in content
    *_, forgotten = door("journal", "list", "--json").json
    assert (forgotten["type"], forgotten["subject"]) == ("io.edgegate.person.forgotten", person.id)
    assert forgotten["id"] in result.out
    assert door("people", "forget", ENROLLED.person).problem == f"{ENROLLED.person}: not enrolled; enrolled: nobody"


def test_a_full_disk_enrols_nobody(edgegate: Program, tmp_path: Path) -> None:
    with SmallDisk(tmp_path / "disk") as disk:
        edgegate.data = disk.folder / "data"
        disk.fill()
        result = edgegate.run("enroll", "Ann", ENROLLED.file, **disk.options)
        assert result.status == 1
        assert str(edgegate.data) in result.problem
        disk.free()
        assert edgegate.gallery.people() == ()
        assert edgegate.run("enroll", "Ann", ENROLLED.file).status == 0


def test_nobody_is_enrolled_whom_the_journal_cannot_record(edgegate: Program) -> None:
    assert edgegate("enroll", "Grace", STRANGER.file).status == 0
    with sqlite3.connect(edgegate.data / "journal.db") as journal:
        journal.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE (ABORT, 'no room'); END")
    result = edgegate("enroll", "Ann", ENROLLED.file)
    assert result.status == 1
    assert "no room" in result.problem
    assert [person.name for person in edgegate.gallery.people()] == ["Grace"]
