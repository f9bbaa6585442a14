"""Keys: made once, for one user's eyes, refused in words when they are not what they should be."""

from __future__ import annotations

import os
import stat
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate import config
from edgegate.errors import KeyFileError
from edgegate.gallery.keys import KEY_BYTES, Key, Keys


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    (tmp_path / "data").mkdir()
    return Keys(tmp_path / "etc" / "edgegate.key", tmp_path / "data")


def test_there_is_no_key_until_one_is_made(keys: Keys) -> None:
    assert keys.primary() is None
    assert keys.load() == {}
    assert not keys.path.parent.exists()


def test_a_key_is_made_once_and_only_its_owner_reads_it(keys: Keys) -> None:
    mask = os.umask(0)
    try:
        made = keys.make()
    finally:
        os.umask(mask)
    content = keys.path.read_bytes()
    assert len(content) == KEY_BYTES
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.path.parent.stat().st_mode) == 0o700
    assert keys.make().id == made.id
    assert keys.path.read_bytes() == content
    assert list(keys.path.parent.iterdir()) == [keys.path]


def test_of_processes_that_make_a_key_at_once_all_have_the_same(keys: Keys) -> None:
    made: list[str] = []
    makers = [threading.Thread(target=lambda: made.append(keys.make().id)) for _ in range(8)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(made) == 8
    assert len(set(made)) == 1


def test_two_keys_differ_and_an_id_does_not_give_the_key_away(keys: Keys) -> None:
    first, second = keys.make(), keys.make_next()
    assert first.id != second.id
    assert set(keys.load()) == {first.id, second.id}
    assert bytes.fromhex(first.id) not in keys.path.read_bytes()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_that_others_may_use_is_refused(keys: Keys, mode: int) -> None:
    keys.make()
    keys.path.chmod(mode)
    for use in (keys.primary, keys.load, keys.make):
        with pytest.raises(KeyFileError, match=rf"others may read this key \(mode {mode:o}\); `chmod 600` it"):
            use()


@pytest.mark.parametrize("size", [0, 16, 31, 33, 4096])
def test_a_key_of_another_length_is_refused_and_left_alone(keys: Keys, size: int) -> None:
    keys.make()
    keys.path.write_bytes(bytes(size))
    with pytest.raises(KeyFileError, match=r"not a key: .* bytes, a key has 32; restore it from a backup"):
        keys.load()
    assert keys.path.stat().st_size == size


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_key_of_somebody_else_is_refused_but_for_the_owner_of_the_data(keys: Keys, tmp_path: Path) -> None:
    keys.make()
    os.chown(keys.path, 4321, 4321)
    with pytest.raises(KeyFileError, match=r"belongs to another user \(uid 4321\)"):
        keys.load()
    os.chown(tmp_path / "data", 4321, 4321)
    assert len(keys.load()) == 1


def test_a_key_may_not_lie_with_what_it_protects(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    for folder in ("data", "data/deeper", "link"):
        with pytest.raises(KeyFileError, match=r"may not lie in the data folder.*set service.key_file elsewhere"):
            Keys(tmp_path / folder / "edgegate.key", tmp_path / "data").make()
    assert list((tmp_path / "data").iterdir()) == []


def test_a_credential_comes_before_the_file_and_is_read_as_systemd_leaves_it(keys: Keys, tmp_path: Path) -> None:
    in_file = keys.make()
    credential = tmp_path / "credential"
    credential.write_bytes(bytes(range(KEY_BYTES)))
    credential.chmod(0o440)  # what an access list for the service's user looks like
    both = Keys(keys.path, tmp_path / "data", credential)
    given_key = both.primary()
    assert given_key is not None
    assert given_key.id == Key(bytes(range(KEY_BYTES))).id
    assert set(both.load()) == {given_key.id, in_file.id}
    credential.unlink()
    there = both.primary()
    assert there is not None
    assert there.id == in_file.id


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps a key from others")
def test_a_service_with_a_credential_needs_no_right_to_the_file() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "data").mkdir()
        keys = Keys(folder / "etc" / "edgegate.key", folder / "data", folder / "credential")
        keys.make()
        (folder / "credential").write_bytes(bytes(KEY_BYTES))
        (folder / "credential").chmod(0o444)
        child = os.fork()
        if child == 0:
            os.setuid(4321)
            os._exit(0 if set(keys.load()) == {Key(bytes(KEY_BYTES)).id} else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len(keys.load()) == 2  # root reads both


def test_a_folder_that_cannot_be_written_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyFileError, match=r"the key cannot be (written|read): .*"):
        Keys(tmp_path / "file" / "edgegate.key", tmp_path / "data").make()


def test_a_promoted_key_takes_the_place_of_the_one_that_stays_beside_it(keys: Keys) -> None:
    old = keys.make()
    new = keys.make_next()
    keys.promote(new)
    primary = keys.primary()
    assert primary is not None
    assert primary.id == new.id
    assert sorted(file.name for file in keys.path.parent.iterdir()) == ["edgegate.key", f"edgegate.key.{old.id}"]
    assert keys.erase_retired() == 1
    assert set(keys.load()) == {new.id}


def test_where_the_key_lies_follows_the_data_not_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/somebody/config")
    at = {data: str(config.load(None, [f"service.data_dir={data}"]).key_file) for data in ("/var/lib/edgegate", "/srv")}
    assert at == {"/var/lib/edgegate": "/etc/edgegate/edgegate.key", "/srv": "/somebody/config/edgegate/edgegate.key"}
    assert str(config.load(None, ["service.key_file=/run/keys/k"]).key_file) == "/run/keys/k"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert config.load().key_credential is None, "credentials were handed over, and the key was not one of them"
    (tmp_path / "edgegate.key").touch()
    assert config.load().key_credential == tmp_path / "edgegate.key"


KEY = Key(bytes(KEY_BYTES))


@given(st.binary(max_size=600), st.binary(max_size=80))
def test_what_is_sealed_is_opened_as_it_was_and_looks_like_noise(plain: bytes, about: bytes) -> None:
    sealed = KEY.seal(plain, about)
    assert KEY.open(sealed, about) == plain
    assert KEY.seal(plain, about) != sealed
    assert len(plain) < 8 or plain not in sealed


@given(st.binary(min_size=1, max_size=60), st.binary(max_size=20), st.data())
def test_no_bit_of_it_can_be_changed(plain: bytes, about: bytes, data: st.DataObject) -> None:
    sealed = bytearray(KEY.seal(plain, about))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ValueError, match="has changed"):
        KEY.open(bytes(sealed), about)
    for other_key, other_about in ((Key(bytes([1] * KEY_BYTES)), about), (KEY, about + b".")):
        with pytest.raises(ValueError, match="has changed"):
            other_key.open(KEY.seal(plain, about), other_about)
    for cut in (0, 5, len(sealed) - 1):
        with pytest.raises(ValueError, match="has changed"):
            KEY.open(bytes(sealed[:cut]), about)
