"""What takes long to make is kept: images, wheels and the kernel, each under a name with the digest of its recipe."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path


def folder() -> Path:
    """$EDGEGATE_SYSTEM_CACHE, or a folder in the user's cache, so that every checkout shares it."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = Path(os.environ.get("EDGEGATE_SYSTEM_CACHE") or home / "edgegate-system")
    path.mkdir(parents=True, exist_ok=True)
    return path


def digest(*sources: Path | str) -> str:
    """Of files and folders with all they hold, names included, and of texts."""
    state = hashlib.sha256()
    for source in sources:
        if isinstance(source, str):
            state.update(f"text {source}\n".encode())
            continue
        for path in files(source):
            name = path.relative_to(source if source.is_dir() else source.parent)
            state.update(f"{name} {path.stat().st_mode & 0o111}\n".encode())
            state.update(path.read_bytes())
    return state.hexdigest()[:16]


def files(source: Path) -> Iterable[Path]:
    if source.is_file():
        return [source]
    return sorted(path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def prune(kind: str, keep: Path) -> None:
    """Remove what older recipes made of this kind."""
    for path in folder().glob(f"{kind}-*"):
        if path != keep:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
