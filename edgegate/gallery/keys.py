"""The keys that templates and pictures are encrypted with, and the files they lie in.

A key file is 32 random bytes, mode 0600. Beside `edgegate.key` may lie others as `edgegate.key.<id>`: the next one
while keys are rotated, and retired ones, for what was written with them. Everything written names its key by id, so
that whichever of these files a crash leaves, all of it can be read.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edgegate.errors import KeyFileError
from edgegate.system import private_files

KEY_BYTES = 32
_NONCE_BYTES = 12  # NIST SP 800-38D: 96 random bits are good for 2³² messages a key

_ID = re.compile(r"[0-9a-f]{16}")


class Key:
    """One key. Its purposes never mix: each has a key of its own, derived with HMAC-SHA-256."""

    def __init__(self, secret: bytes) -> None:
        assert len(secret) == KEY_BYTES
        self._secret = secret
        self.id = self._derive("id")[:8].hex()
        self._cipher = AESGCM(self._derive("AES-256-GCM"))

    def seal(self, plain: bytes, about: bytes) -> bytes:
        """Encrypts with AES-256-GCM; only the same `about`, the associated data, opens it again."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, about)

    def open(self, sealed: bytes, about: bytes) -> bytes:
        """Returns the plain bytes that `seal` took; raises ValueError when a bit of them or of `about` has changed."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about)
        except (InvalidTag, ValueError):  # the latter where even the nonce is cut short
            raise ValueError("what is encrypted has changed") from None

    def signing(self) -> Ed25519PrivateKey:
        """Returns the key that this door signs with."""
        return Ed25519PrivateKey.from_private_bytes(self._derive("Ed25519"))

    def _derive(self, purpose: str) -> bytes:
        return hmac.digest(self._secret, f"edgegate 1 {purpose}".encode(), "sha256")


class Keys:
    """The key file at `path`, its neighbours, and a systemd credential that comes before it.

    `data` is the folder that is read with them: a key is given to its owner. Raises KeyFileError, in words.
    """

    def __init__(self, path: Path, data: Path, credential: Path | None = None) -> None:
        self.path = path
        self._data = data
        self._credential = credential

    def version(self) -> tuple[int, ...]:
        """Returns a value that differs once the key file does; cheap."""
        try:
            status = self.path.stat()
        except OSError:
            return ()
        return status.st_mtime_ns, status.st_ino

    def load(self) -> dict[str, Key]:
        """Returns every key, by id. A process that is given a credential need not be allowed to read the files."""
        given, files = self._given(), [self.path, *self._neighbours()]
        if given is not None:
            files = [file for file in files if os.access(file, os.R_OK)]
        keys = [_read(file, self._data) for file in files if _is_there(file)]
        return {key.id: key for key in [*keys, *([given] if given else [])]}

    def primary(self) -> Key | None:
        """Returns the key that a new gallery is written with; None where there is no key yet."""
        if (given := self._given()) is not None:
            return given
        return _read(self.path, self._data) if _is_there(self.path) else None

    def make(self) -> Key:
        """Returns the primary key, made now unless another process was quicker."""
        self._write(self.path, secrets.token_bytes(KEY_BYTES))
        key = self.primary()
        assert key is not None  # it was written just now, or found there
        return key

    def make_next(self) -> Key:
        """Makes another key beside the primary one, which stays."""
        secret = secrets.token_bytes(KEY_BYTES)
        key = Key(secret)
        self._write(self._beside(key), secret)
        return key

    def promote(self, key: Key) -> None:
        """Makes a key of `make_next` the primary one; the former one stays beside it, by its id."""
        try:
            if _is_there(self.path) and not _is_there(retired := self._beside(_read(self.path, self._data))):
                os.link(self.path, retired)
            self._beside(key).replace(self.path)
            private_files.sync_folder(self.path.parent)
        except OSError as error:
            raise self._cannot_write(error) from None

    def erase_retired(self) -> int:
        """Erases every key but the primary one: what was written with them is lost. Returns how many."""
        retired = self._neighbours()
        try:
            for file in retired:
                private_files.erase(file)
        except OSError as error:
            raise self._cannot_write(error) from None
        return len(retired)

    def _given(self) -> Key | None:
        """Returns the systemd credential, or None. systemd guards it by an access list that looks like group rights."""
        if self._credential is None or not _is_there(self._credential):
            return None
        return _key(self._credential, _content(self._credential))

    def _neighbours(self) -> list[Path]:
        try:
            files = sorted(self.path.parent.glob(f"{self.path.name}.*"))
        except OSError:
            return []
        return [file for file in files if _ID.fullmatch(file.suffix[1:])]

    def _beside(self, key: Key) -> Path:
        return self.path.with_name(f"{self.path.name}.{key.id}")

    def _write(self, path: Path, secret: bytes) -> None:
        if path.absolute().resolve().is_relative_to(self._data.absolute().resolve()):
            raise KeyFileError(
                f"{path}: the key may not lie in the data folder, which it protects; set service.key_file elsewhere"
            )
        try:
            private_files.make_folder(path.parent)
            private_files.write_new(path, secret, like=self._data if self._data.exists() else None)
        except FileExistsError:
            return  # another process was quicker, and its key is as good
        except OSError as error:
            raise self._cannot_write(error) from None

    def _cannot_write(self, error: OSError) -> KeyFileError:
        return KeyFileError(
            f"{self.path}: the key cannot be written: {error.strerror}; see to the folder, or set service.key_file"
        )


def _is_there(path: Path) -> bool:
    """True if the file exists; raises KeyFileError where this user may not know."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise KeyFileError(f"{path}: the key cannot be read: {error.strerror}; run as the door's user") from None
    return True


def _read(path: Path, data: Path) -> Key:
    """Reads the key in a file; raises KeyFileError where anybody else could have read or written it."""
    return _key(path, _content(path, data))


def _content(path: Path, data: Path | None = None) -> bytes:
    try:
        with path.open("rb") as file:
            if data is not None:
                _refuse_strangers(path, os.fstat(file.fileno()), data)
            return file.read(KEY_BYTES + 1)
    except OSError as error:
        raise KeyFileError(f"{path}: the key cannot be read: {error.strerror}; run as the door's user") from None


def _refuse_strangers(path: Path, status: os.stat_result, data: Path) -> None:
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(
            f"{path}: others may read this key (mode {stat.S_IMODE(status.st_mode):o}); `chmod 600` it, and "
            "`edgegate people rotate-key` if somebody may have read it"
        )
    owners = {0, os.geteuid()} | ({data.stat().st_uid} if data.exists() else set())
    if status.st_uid not in owners:
        raise KeyFileError(f"{path}: this key belongs to another user (uid {status.st_uid}); `chown` it")


def _key(path: Path, content: bytes) -> Key:
    if len(content) != KEY_BYTES:
        length = f"more than {KEY_BYTES}" if len(content) > KEY_BYTES else str(len(content))
        raise KeyFileError(f"{path}: not a key: {length} bytes, a key has {KEY_BYTES}; restore it from a backup")
    return Key(content)
