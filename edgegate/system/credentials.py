"""Secrets that systemd hands to the service (LoadCredential=): files that only its own user may read."""

from __future__ import annotations

import os
from pathlib import Path


def given(name: str) -> str | None:
    """The credential of this name; whoever is given one need not be allowed to read the file it comes before."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return str(path) if folder and (path := Path(folder) / name).exists() else None
