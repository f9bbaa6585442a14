"""People between doors: one encrypted, signed file, and every way in which it may be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegate.errors import GalleryError, UsageError
from edgegate.gallery import Details, Gallery, envelope, transfer
from edgegate.gallery.keys import Key
from edgegate.gallery.trust import Trusted
from tests.support.fakes import looks, photo
from tests.support.program import Program

TODAY = "2026-01-01T00:00:00Z"
PASSPHRASE = "correct horse battery"  # noqa: S105 (these tests' own)
SIGNER = Key(bytes(32)).signing()
SEALED = envelope.seal(b"what is inside", PASSPHRASE, SIGNER)


# The envelope.


def test_only_the_passphrase_opens_it() -> None:
    read = envelope.read(SEALED)
    assert read.open(PASSPHRASE) == b"what is inside"
    assert read.signer == envelope.fingerprint(SIGNER.public_key().public_bytes_raw())
    assert b"inside" not in SEALED
    for wrong in ("", "correct horse batterx"):
        with pytest.raises(GalleryError, match="the passphrase is wrong; nothing was imported"):
            read.open(wrong)


@given(st.data())
def test_no_bit_of_it_can_be_changed_and_no_byte_cut_off(data: st.DataObject) -> None:
    changed = bytearray(SEALED)
    changed[data.draw(st.integers(0, len(SEALED) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    for damaged in (bytes(changed), SEALED[: data.draw(st.integers(0, len(SEALED) - 1))], SEALED + b"."):
        with pytest.raises(GalleryError):
            envelope.read(damaged)


def test_a_file_of_another_signer_cannot_pass_for_this_one() -> None:
    other = envelope.seal(b"what is inside", PASSPHRASE, Key(bytes([1] * 32)).signing())
    assert envelope.read(other).signer != envelope.read(SEALED).signer
    with pytest.raises(GalleryError, match="tampered"):
        envelope.read(SEALED[:-64] + other[-64:])


def test_a_file_of_another_kind_is_an_error() -> None:
    with pytest.raises(GalleryError, match="not a file that `edgegate people export` has written"):
        envelope.read(b"a holiday photo")
    with pytest.raises(GalleryError, match="written by a newer edgegate"):
        envelope.read(SEALED.replace(b"people 1", b"people 2", 1))
    with pytest.raises(UsageError, match="the passphrase is too short"):
        envelope.seal(b"", "short", SIGNER)


# What is in it.


def test_people_arrive_as_they_left_but_for_their_ids(tmp_path: Path) -> None:
    here, there = Gallery(tmp_path / "here.db"), Gallery(tmp_path / "there.db")
    ann = here.add("Ann", [photo(looks(0)), photo(looks(9))], TODAY, details=Details(("staff",), "x", TODAY, ""))
    here.add("Ben", [photo(looks(40))], TODAY, apart={ann.id: 0.97, "somebody long gone": 0.9})
    there.add_all(transfer.load(transfer.dump(here.people())), TODAY)
    old, new = here.people(), there.people()
    assert [(p.name, p.groups, p.note, p.valid_from, p.valid_until) for p in new] == [
        ("Ann", ("staff",), "x", TODAY, None),
        ("Ben", (), "", None, None),
    ]
    assert [[s.embedding.tobytes() for s in p.photos] for p in new] == [
        [s.embedding.tobytes() for s in p.photos] for p in old
    ]
    assert new[1].apart == {new[0].id: 0.97}
    assert not {p.id for p in old} & {p.id for p in new}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"quality":1.0', '"quality":1.5', "quality"),
        ('"note":""', '"note":7', "note"),
        ('"version":1', '"version":2', "version"),
        ('"note":""', '"note":"","admin":true', "admin"),
        ('"AACAPw', '"AAAAPw', "length 1"),
        ('"embedding":"', '"embedding":"!', "content"),
        ('{"version', "[", "content"),
        ('"name":"Ann"', '"name":"\\u001b[31mAnn"', "a name is text without control characters"),
        ('"name":"Ann"', '"name":" "', "a person needs a name"),
    ],
)
def test_content_that_is_not_as_it_must_be_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    gallery = Gallery(tmp_path / "gallery.db")
    gallery.add("Ann", [photo(looks(0))], TODAY)
    content = transfer.dump(gallery.people()).decode()
    assert old in content
    with pytest.raises(GalleryError, match=rf"{problem}.*nothing was imported"):
        transfer.load(content.replace(old, new, 1).encode())


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_no_content_is_worse_than_refused(content: bytes) -> None:
    with pytest.raises(GalleryError, match="nothing was imported"):
        transfer.load(content)


# Trust.


def test_a_signer_is_trusted_when_somebody_has_said_so(tmp_path: Path) -> None:
    trusted = Trusted(tmp_path / "etc" / "edgegate.key")
    with pytest.raises(GalleryError, match=r"signed by a-b, which is not trusted here; .* --trust a-b"):
        trusted.demand("a-b", None)
    with pytest.raises(GalleryError, match="signed by a-b, not by c-d"):
        trusted.demand("a-b", "c-d")
    trusted.demand("a-b", "A-B")
    trusted.remember("a-b")
    Trusted(tmp_path / "etc" / "edgegate.key").demand("a-b", None)
    assert trusted.path.stat().st_mode & 0o777 == 0o600


# The commands.


def test_a_person_is_moved_between_doors(door: Program, tmp_path: Path) -> None:
    (tmp_path / "words").write_text(f"{PASSPHRASE}\nmore\n")
    secret = ("--passphrase-file", tmp_path / "words")
    file, other = tmp_path / "people.edgegate", Program(tmp_path / "other", door._capture)
    (name,) = [person.name for person in door.gallery.people()]
    signer = door("people", "export", file, *secret, "--json").json["fingerprint"]
    assert name.encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600

    refused = other("people", "import", file, *secret)
    assert (refused.status, signer in refused.problem) == (1, True)
    assert other("people", "import", file, *secret, "--trust", signer, "--json").json["imported"] == [name]
    assert other("people", "list", "--json").json["people"][0]["recognisable"]
    assert other.gallery.find(name).id != door.gallery.find(name).id
    kinds = [event["type"] for event in door("journal", "list", "--json").json]
    assert kinds[-1] == "io.edgegate.person.exported"

    again = other("people", "import", file, *secret)
    assert again.status == 1
    assert again.err.splitlines()[0] == (
        f"edgegate: {name}: enrolled here already; forget that one first, or --skip-existing"
    )
    assert other("people", "import", file, *secret, "--skip-existing").status == 0
    other("people", "forget", name)
    other.gallery.add("Somebody", door.gallery.find(name).photos, TODAY)
    assert f"{name}: enrolled here as Somebody" in other("people", "import", file, *secret).err
    assert [person.name for person in other.gallery.people()] == ["Somebody"]


def test_people_of_another_embedder_are_not_imported(edgegate: Program, tmp_path: Path) -> None:
    (tmp_path / "words").write_text(PASSPHRASE)
    secret = ("--passphrase-file", tmp_path / "words")
    edgegate.gallery.add("Ann", [photo(looks(0))], TODAY)
    signer = edgegate("people", "export", tmp_path / "file", *secret, "--json").json["fingerprint"]
    edgegate.gallery.forget("Ann")
    result = edgegate("people", "import", tmp_path / "file", *secret, "--trust", signer)
    assert "Ann: enrolled with another embedder than" in result.err
    assert (result.status, edgegate.gallery.people()) == (1, ())
    wrong = tmp_path / "wrong"
    wrong.write_text("another passphrase")
    problem = edgegate("people", "import", tmp_path / "file", "--passphrase-file", wrong, "--trust", signer).problem
    assert problem.endswith("file: the passphrase is wrong; nothing was imported")
    assert edgegate("people", "import", tmp_path / "none", *secret).status == 2
    assert edgegate("people", "export", tmp_path / "file", *secret).problem == "nobody is enrolled"
