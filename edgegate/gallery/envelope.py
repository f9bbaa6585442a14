r"""An encrypted, signed file: what `people export` writes and `people import` opens.

    "edgegate people 1\n" · signer's Ed25519 key (32 bytes) · salt (16) · nonce (12) · AES-256-GCM · signature (64)

The key comes from the passphrase by scrypt, with costs fixed by the version, so that no file can ask for more. What
stands before the ciphertext is its associated data, and the signature is over all that stands before it.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from edgegate.errors import GalleryError, UsageError

SHORTEST_PASSPHRASE = 12

_FAMILY = b"edgegate people "
_MAGIC = _FAMILY + b"1\n"
_SIGNER, _SALT, _NONCE, _TAG, _SIGNATURE = 32, 16, 12, 16, 64
_HEADER = len(_MAGIC) + _SIGNER + _SALT + _NONCE
_COST = {"n": 2**16, "r": 8, "p": 2}  # OWASP, password storage: as good as 2¹⁷, 8, 1 with half its memory, 64 MiB


@dataclass(frozen=True, slots=True)
class Envelope:
    """A file with a valid signature by `signer`, a fingerprint; not opened yet."""

    signer: str
    _content: bytes

    def open(self, passphrase: str) -> bytes:
        """Returns the content in the clear; raises GalleryError for a wrong passphrase."""
        header, sealed = self._content[:_HEADER], self._content[_HEADER:-_SIGNATURE]
        salt, nonce = header[-_SALT - _NONCE : -_NONCE], header[-_NONCE:]
        try:
            return AESGCM(_stretch(passphrase, salt)).decrypt(nonce, sealed, header)
        except InvalidTag:
            raise GalleryError("the passphrase is wrong; nothing was imported") from None


def seal(content: bytes, passphrase: str, signer: Ed25519PrivateKey) -> bytes:
    """Returns the whole file; raises UsageError for a passphrase that is too short."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise UsageError(
            f"the passphrase is too short: {SHORTEST_PASSPHRASE} characters at least, better several words"
        )
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    header = _MAGIC + signer.public_key().public_bytes_raw() + salt + nonce
    sealed = header + AESGCM(_stretch(passphrase, salt)).encrypt(nonce, content, header)
    return sealed + signer.sign(sealed)


def read(content: bytes) -> Envelope:
    """Checks version and signature; raises GalleryError in one line."""
    if not content.startswith(_MAGIC):
        if content.startswith(_FAMILY):
            raise GalleryError("written by a newer edgegate; update edgegate")
        raise GalleryError("not a file that `edgegate people export` has written")
    if len(content) < _HEADER + _TAG + _SIGNATURE:
        raise GalleryError("cut off; nothing was imported: copy it again")
    signer = content[len(_MAGIC) :][:_SIGNER]
    try:
        Ed25519PublicKey.from_public_bytes(signer).verify(content[-_SIGNATURE:], content[:-_SIGNATURE])
    except (InvalidSignature, ValueError):
        raise GalleryError("damaged, cut off or tampered with: the signature is wrong; nothing was imported") from None
    return Envelope(fingerprint(signer), content)


def fingerprint(public: bytes) -> str:
    """Returns a public key as people compare it: 128 bits of its SHA-256, in groups of four hexadecimal digits."""
    digest = hashlib.sha256(public).hexdigest()[:32]
    return "-".join(digest[i : i + 4] for i in range(0, len(digest), 4))


def _stretch(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, **_COST).derive(passphrase.encode("utf-8", "surrogatepass"))
