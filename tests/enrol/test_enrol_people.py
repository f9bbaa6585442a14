"""The rest that an enrolment writes: appearances, details, lookalikes, pictures, owners; and enrolling again."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import cv2
import pytest

from edgegate import journal
from edgegate.enrol import decode_picture, reenrol
from edgegate.errors import JournalError
from edgegate.types import Image
from edgegate.vision.analyzer import build_analyzer
from edgegate.vision.packs import MODEL_FILE, sha256_of, shipped
from tests.support.poses import OTHER, SITTER, turned
from tests.support.program import Program

KEEP = ("--set", "enrolment.keep_photos=true")


def save(path: Path, image: Image) -> Path:
    assert cv2.imwrite(str(path), image)
    return path


@pytest.fixture
def turns(tmp_path: Path) -> list[Path]:
    """Three different photos of one person."""
    return [save(tmp_path / f"{turn}.png", turned(SITTER, turn)) for turn in (0.0, 1.8, 0.9)]


@pytest.fixture
def another_pack(tmp_path: Path) -> Path:
    """The shipped network in another file: a pack of its own, whose embeddings the gallery does not know."""
    folder = tmp_path / "another"
    shutil.copytree(shipped("face-embedder"), folder)
    model, card = folder / MODEL_FILE, folder / "model.toml"
    before = sha256_of(model)
    with model.open("ab") as file:
        file.write(bytes(16))  # a flatbuffer is read from its start
    card.write_text(card.read_text("utf-8").replace(before, sha256_of(model)), "utf-8")
    return folder


def test_three_different_photos_are_enough(edgegate: Program, turns: list[Path]) -> None:
    result = edgegate("enroll", "Grace", *turns)
    assert result.out.splitlines()[-1] == "Grace: enrolled with 3 photos"
    fewer = edgegate("enroll", "Eileen", OTHER.file)
    assert "the door misses people more often: add 2 to 4 more" in fewer.out


def test_more_photos_come_to_those_there_are(edgegate: Program, turns: list[Path]) -> None:
    assert edgegate("enroll", "Grace", *turns[:2]).status == 0
    assert edgegate("enroll", "Grace", turns[2]).out.endswith("Grace: enrolled with 1 photo, 3 in all\n")
    again = edgegate("enroll", "Grace", turns[2])
    assert (again.status, "nothing new" in again.out) == (0, True)
    assert len(edgegate.gallery.find("Grace").photos) == 3


def test_somebody_else_among_the_photos_is_refused(edgegate: Program, turns: list[Path]) -> None:
    result = edgegate("enroll", "Grace", *turns, OTHER.file, "--json").json
    assert (result["kept"], result["photos"][3]["reason"]) == (3, "not_same_person")
    result = edgegate("enroll", "Grace", OTHER.file)
    assert result.status == 1
    assert "refused: not_same_person: the face is not like the others'" in result.out


def test_a_look_of_its_own_and_all_that_is_said_of_a_person(edgegate: Program, turns: list[Path]) -> None:
    assert (
        edgegate("enroll", "Grace", turns[0], "--group", "staff", "--group", "night", "--note", "rear admiral").status
        == 0
    )
    day = ["--valid-from", "2026-01-01T08:00Z", "--valid-until", "2027-01-01T00:00Z"]
    assert edgegate("enroll", "Grace", "--look", "glasses", turns[1], *day).status == 0
    person = edgegate.gallery.find("Grace")
    assert person.looks() == ("", "glasses")
    assert (person.groups, person.note) == (("staff", "night"), "rear admiral")
    assert (person.valid_from, person.valid_until) == ("2026-01-01T08:00:00.000Z", "2027-01-01T00:00:00.000Z")


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (["Grace"], "give photos, or --camera"),
        ([], "give a name"),
        (["--again", "Grace"], "neither a name nor photos"),
        (["Grace", SITTER.file, "--valid-until", "soon"], "--valid-until 'soon': not a time"),
        (["Grace", SITTER.file, "--photos", "9"], "argument --photos: no 9; there are 3, 4, 5"),
    ],
)
def test_a_wrong_call_is_told_before_anything_is_looked_at(
    wrong: list[str | Path], problem: str, edgegate: Program
) -> None:
    result = edgegate("enroll", *wrong)
    assert (result.status, problem in result.err) == (2, True)
    assert not edgegate.data.exists()


def test_a_lookalike_is_kept_by_explicit_choice(edgegate: Program, another_pack: Path) -> None:
    """With a table by which the two portraits are alike."""
    rows = "".join(
        f'[[thresholds]]\ndata = "d"\nphotos = {photos}\nframes = {frames}\n'
        f"rate = {rate}\nthreshold = {value}\ntrials = 9\n"
        for photos in (1, 5)
        for frames in (1, 5)
        for rate, value in ((0.1, 0.5), (0.01, 0.6), (0.001, 0.7), (0.0001, 0.97))
    )
    card = another_pack / "model.toml"
    card.write_text(card.read_text("utf-8").split("[[thresholds]]")[0] + rows, "utf-8")
    pack = ("--set", f"recognition.embedder={another_pack}")
    assert edgegate("enroll", "Grace", SITTER.file, *pack).status == 0
    refused = edgegate("enroll", "Eileen", OTHER.file, *pack)
    assert refused.status == 1
    assert "refused: lookalike_of: the face is so like Grace's" in refused.out
    kept = edgegate("enroll", "Eileen", OTHER.file, "--allow-lookalike", *pack)
    assert (kept.status, "Eileen: told apart from Grace by a threshold of" in kept.out) == (0, True)
    grace = edgegate.gallery.find("Grace")
    assert edgegate.gallery.find("Eileen").apart[grace.id] > 0.97


def test_pictures_are_kept_only_if_the_config_says_so(edgegate: Program, turns: list[Path]) -> None:
    assert edgegate("enroll", "Grace", turns[0]).status == 0
    assert edgegate("enroll", "Grace", turns[1], *KEEP).status == 0
    without, with_picture = edgegate.gallery.find("Grace", pictures=True).photos
    assert without.picture is None
    assert with_picture.picture is not None
    crop = decode_picture(with_picture.picture)
    assert crop is not None
    assert 300 < max(crop.shape) <= 480
    assert with_picture.picture not in b"".join(file.read_bytes() for file in edgegate.data.iterdir())


def test_another_embedder_enrols_from_kept_pictures_and_says_who_must_come(
    edgegate: Program, turns: list[Path], another_pack: Path
) -> None:
    assert edgegate("enroll", "Grace", *turns, "--look", "uniform", *KEEP).status == 0
    assert edgegate("enroll", "Eileen", OTHER.file).status == 0
    pack = ("--set", f"recognition.embedder={another_pack}")
    result = edgegate("enroll", "--again", *pack)
    assert result.status == 1
    assert result.out.splitlines() == [
        "Eileen: must come again: no usable picture was kept",
        "Grace: 3 photos made again",
        "1 of 2 must come again: Eileen",
    ]
    grace = edgegate.gallery.find("Grace", pictures=True)
    assert {photo.embedder for photo in grace.photos} == {sha256_of(another_pack / MODEL_FILE)}
    assert [(photo.source, photo.look) for photo in grace.photos] == [(path.name, "uniform") for path in turns]
    assert all(photo.picture for photo in grace.photos)
    assert edgegate("enroll", "--again", *pack, "--json").json["must_come_again"] == ["Eileen"]
    assert edgegate("enroll", "Mary", turns[0], *pack).status == 1  # she is known again
    assert edgegate("enroll", "Eileen", OTHER.file, *pack).status == 0
    assert edgegate("enroll", "--again", *pack).status == 0
    enrolled = edgegate("journal", "list", "--type", "person.enrolled", "--json").json
    assert [event["data"]["photos"] for event in enrolled] == [3, 1, 3, 1]


def test_a_kept_picture_gives_the_same_embedding_again(
    edgegate: Program, turns: list[Path], another_pack: Path
) -> None:
    assert edgegate("enroll", "Grace", *turns, *KEEP).status == 0
    before = edgegate.gallery.find("Grace").photos
    assert [again.renewed for again in reenrol(edgegate.gallery, build_analyzer(embedder_pack=another_pack))] == [3]
    after = edgegate.gallery.find("Grace").photos
    cosines = [float(one.embedding @ other.embedding) for one, other in zip(before, after, strict=True)]
    assert min(cosines) > 0.995


def test_nobody_is_enrolled_again_without_a_record(edgegate: Program, turns: list[Path], another_pack: Path) -> None:
    assert edgegate("enroll", "Grace", *turns, *KEEP).status == 0
    before = edgegate.gallery.people()

    def refuse(_person: str, _photos: int) -> None:
        raise JournalError("journal.db: no room")

    with pytest.raises(JournalError, match="no room"):
        list(reenrol(edgegate.gallery, build_analyzer(embedder_pack=another_pack), refuse))
    assert [photo.embedder for photo in edgegate.gallery.people()[0].photos] == [p.embedder for p in before[0].photos]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to a service")
def test_what_root_enrols_belongs_to_the_service_and_nobody_else_reads_it(edgegate: Program, tmp_path: Path) -> None:
    service = 61234
    keys = tmp_path / "keys"
    edgegate.data.mkdir(mode=0o700)
    os.chown(edgegate.data, service, service)
    secret = ("--set", f"service.key_file={keys / 'edgegate.key'}")
    call = ("enroll", "Grace", SITTER.file, *KEEP, *secret)
    assert edgegate.run(*call, umask=0).status == 0
    assert edgegate.run("enroll", "Eileen", OTHER.file, *secret, umask=0).status == 0
    made = [*edgegate.data.iterdir(), keys / "edgegate.key"]
    assert {"gallery.db", "journal.db", "edgegate.key"} <= {file.name for file in made}
    for file in made:
        status = file.stat()
        assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (service, service, 0o600), file


def test_two_enrol_at_once_and_both_are_there(edgegate: Program, tmp_path: Path) -> None:
    """Two processes make gallery, journal and key, and write them, with nobody telling them apart."""
    secret = ("--set", f"service.key_file={tmp_path / 'keys' / 'edgegate.key'}")
    calls = [
        edgegate.command("enroll", name, photo, *secret)
        for name, photo in ((SITTER.person, SITTER.file), (OTHER.person, OTHER.file))
    ]
    processes = [subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for call in calls]
    ends = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ends
    listed = edgegate("people", "list", "--json", *secret).json["people"]
    assert {person["name"] for person in listed if person["recognisable"]} == {SITTER.person, OTHER.person}
    assert journal.verify(edgegate.data / "journal.db").intact
