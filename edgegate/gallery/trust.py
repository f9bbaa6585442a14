"""The doors whose exports are imported: those that somebody has said, once, to trust."""

from __future__ import annotations

import hmac
from pathlib import Path

from edgegate.errors import GalleryError
from edgegate.system import private_files


class Trusted:
    """Fingerprints, a line each, in a file beside the key: a user who may add to it may also read the key."""

    def __init__(self, key_file: Path) -> None:
        self.path = key_file.with_name(f"{key_file.name}.trusted")

    def demand(self, signer: str, trust: str | None) -> None:
        """Raises GalleryError unless this signer is trusted, from before or by `trust`, the fingerprint given now."""
        if trust is not None and not hmac.compare_digest(trust.strip().lower().encode(), signer.encode()):
            raise GalleryError(f"signed by {signer}, not by {trust}; nothing was imported")
        if trust is None and signer not in self._known():
            raise GalleryError(
                f"signed by {signer}, which is not trusted here; ask at the other door what its export printed, and "
                f"if it is the same, add --trust {signer}; nothing was imported"
            )

    def remember(self, signer: str) -> None:
        known = self._known()
        if signer not in known:
            try:
                private_files.make_folder(self.path.parent)
                private_files.write(self.path, "".join(f"{one}\n" for one in [*known, signer]).encode())
            except OSError as error:
                raise GalleryError(f"{self.path}: imported, but cannot be written: {error.strerror}") from None

    def _known(self) -> list[str]:
        try:
            return self.path.read_text(encoding="ascii").split()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise GalleryError(f"{self.path}: cannot be read: {error}") from None
