"""A cache of what is slow to make: images, wheels and the kernel, each under a name with the digest of its recipe."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

KEEP_SECONDS, KEEP = 7 * 86400, 5
"""The age and the number up to which each kind is kept: every change of the code makes another disk of a gigabyte."""


def folder() -> Path:
    """$EDGEGATE_SYSTEM_CACHE, or a folder in the user's cache, so that every checkout shares it."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = Path(os.environ.get("EDGEGATE_SYSTEM_CACHE") or home / "edgegate-system")
    path.mkdir(parents=True, exist_ok=True)
    return path


def digest(*sources: Path | str) -> str:
    """Returns the digest of files and folders with all they hold, names included, and of texts."""
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


@contextmanager
def making() -> Iterator[None]:
    """Lets one process at a time make something; another waits, and finds it made."""
    with (folder() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place to make `path` at; it appears when it is complete, or not at all."""
    new = path.with_name(f".{path.name}.new")
    _remove(new)
    try:
        yield new
        new.rename(path)
    finally:
        _remove(new)


def used(path: Path) -> Path:
    """Note that this is in use, and remove what nobody has used for long."""
    # Not the time of its change: a disk that lies over this one holds on to that.
    os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
    kept = [other for other in path.parent.iterdir() if not other.name.startswith(".")]
    kind = [other for other in kept if other.name.partition("-")[0] == path.name.partition("-")[0]]
    too_many = sorted(kind, key=lambda other: other.stat().st_atime, reverse=True)[KEEP:]
    for other in kept:
        if other != path and (other in too_many or time.time() - other.stat().st_atime > KEEP_SECONDS):
            _remove(other)
    return path


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
