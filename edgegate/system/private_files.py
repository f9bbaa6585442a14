"""Making files and folders that only the door's own user may read, also when root makes them.

On an installed system that user is a service's, and `sudo edgegate enroll …` runs as root: what root makes in a
folder of somebody else is given to them. Only what was made here is ever given away, through its own descriptor:
a link that somebody has put in the way is not followed.
"""

from __future__ import annotations

import fcntl
import glob
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

Publish: TypeAlias = Callable[[Path, Path], object]
"""Gives a draft, the first path, its name, the second: `os.replace`, or `os.link`, which never replaces anything."""


def make_folder(path: Path) -> None:
    """Makes a folder of mode 0700 and those above it, owned as the nearest one that was there. Raises OSError."""
    if path.is_dir():
        return
    make_folder(path.parent)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if path.is_dir():
            return  # another process was as quick
        raise
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _give(descriptor, path.parent)
    finally:
        os.close(descriptor)


def create(path: Path, like: Path | None = None, *, shared: bool = False) -> int:
    """Opens a new file of mode 0600 for writing, owned as `like` is (by default its folder).

    `shared`: of the mode that the umask gives. Raises FileExistsError where there is one, a link included, and other
    OSErrors.
    """
    flags = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_RDWR | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666 if shared else 0o600)
    try:
        if not shared:
            os.fchmod(descriptor, 0o600)
        _give(descriptor, like or path.parent)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def write_new(path: Path, content: bytes, like: Path | None = None) -> None:
    """Writes a new file, complete and durable, or not at all; raises FileExistsError where there is one."""
    _write(path, content, like, os.link)


def write(path: Path, content: bytes, like: Path | None = None) -> None:
    """Writes a file that has, after a crash too, either its new content or what it had before. Raises OSError."""
    _write(path, content, like, os.replace)


@contextmanager
def draft(
    path: Path, like: Path | None = None, publish: Publish = os.replace, *, suffix: str = "", shared: bool = False
) -> Iterator[tuple[Path, int]]:
    """Yields the path and the descriptor of a new file beside `path`; it becomes `path` if the block ends well.

    Nobody can guess its name, which ends in `suffix`. Mode and owner are as `create` has them. After a crash `path`
    has either the new content or what it had before. Raises OSError.
    """
    name, descriptor = _begin_draft(path, like or path.parent, suffix, shared=shared)
    try:
        yield name, descriptor
        os.fsync(descriptor)
        publish(name, path)  # before the draft's lock goes
    finally:
        os.close(descriptor)
        name.unlink(missing_ok=True)
    _remove_drafts_left_behind(path, suffix)
    sync_folder(path.parent)


def erase(path: Path) -> None:
    """Overwrites and removes a file; flash memory may keep old blocks all the same. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.write(descriptor, bytes(os.fstat(descriptor).st_size))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    path.unlink()
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Makes the list of a folder's files durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes, like: Path | None, publish: Publish) -> None:
    with draft(path, like, publish) as (_, descriptor), os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(content)


def _begin_draft(path: Path, like: Path, suffix: str, *, shared: bool) -> tuple[Path, int]:
    """Makes a draft for `path`, locked while it is open: that tells it from one that a dead program left."""
    while True:
        name = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new{suffix}")
        descriptor = create(name, like, shared=shared)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return name, descriptor
        os.close(descriptor)  # another writer came between the two and took it for left behind


def _remove_drafts_left_behind(path: Path, suffix: str) -> None:
    """Removes drafts that were being written when a program was killed or the power cut; open ones stay."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 8}.new{glob.escape(suffix)}"):
        with suppress(OSError):  # gone, in use, a link or somebody else's: what was to be written is written
            descriptor = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()
            finally:
                os.close(descriptor)


def _give(descriptor: int, like: Path) -> None:
    owner = like.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
