"""The files that a user names: they appear only when they are complete, and nobody else may read them.

A device or a FIFO is written through and stays what it is, and so does one of this process's own descriptors
(/dev/stdout, /dev/fd/3). A symbolic link is refused, so that a planted one leads nowhere. What root writes into
somebody's folder is theirs, as `private_files` has it.
"""

from __future__ import annotations

import io
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO, TextIO, TypeVar

from edgegate.errors import EdgegateError, UsageError
from edgegate.system import private_files

Thing = TypeVar("Thing")

_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/([0-9]+)")
_STANDARD = {"/dev/stdout": 1, "/dev/stderr": 2}

_REFUSED = (
    (stat.S_ISDIR, "is a folder; name a file"),
    (stat.S_ISLNK, "is a link; name the file that it leads to"),
    (stat.S_ISBLK, "is a disk; name a file"),
    (stat.S_ISSOCK, "is a socket; name a file or a FIFO"),
)


def check(path: Path) -> None:
    """Raises UsageError where nothing would be written to `path`, whatever rights this user has."""
    status = _status(path)
    if status is None or _own_descriptor(path) is not None:
        return
    for is_such, reason in _REFUSED:
        if is_such(status.st_mode):
            raise UsageError(f"{path}: {reason}")
    if stat.S_ISFIFO(status.st_mode) and status.st_uid not in {0, os.geteuid()} and _anybody_writes(path.parent):
        raise UsageError(f"{path}: is a FIFO that another user made where everybody may; name another")


def goes_through(path: Path) -> bool:
    """True for a device, a FIFO or a descriptor of this process: it is not made, nor replaced."""
    status = _status(path)
    return _own_descriptor(path) is not None or (status is not None and not stat.S_ISREG(status.st_mode))


@contextmanager
def binary(path: Path, *, new: bool = False, shared: bool = False) -> Iterator[IO[bytes]]:
    """Opens a file to write bytes to: `path`, if the block ends well; a device or FIFO gets them as they come.

    Its mode is 0600; `shared`, for what holds nobody's face or name: as the umask has it. `new`: nothing may be there
    yet. Raises UsageError where it cannot be written, EdgegateError when writing fails later.
    """
    check(path)
    with _in_words(path, _through(path) if goes_through(path) else _file(path, new=new, shared=shared)) as file:
        yield file


@contextmanager
def text(path: Path, *, shared: bool = False) -> Iterator[TextIO]:
    """Opens the same for text, in UTF-8; a device or FIFO gets each line at once."""
    check(path)
    through = goes_through(path)
    with (
        _in_words(path, _through(path) if through else _file(path, new=False, shared=shared)) as file,
        io.TextIOWrapper(file, encoding="utf-8", newline="\n", line_buffering=through) as words,
    ):
        yield words


@contextmanager
def complete(path: Path, *, shared: bool = False) -> Iterator[Path]:
    """Yields a path beside `path`, with its suffix, for a library that writes to a path.

    Such a library writes back and forth, so that a device or FIFO is a UsageError.
    """
    check(path)
    if goes_through(path):
        raise UsageError(f"{path}: is no regular file, and this cannot be written in one go; name a file")
    with _in_words(path, private_files.draft(path, suffix=path.suffix, shared=shared)) as (draft, _):
        yield draft


@contextmanager
def _in_words(path: Path, opening: AbstractContextManager[Thing]) -> Iterator[Thing]:
    """Enters `opening`; its OSErrors, and those of the block, become errors that name `path`."""
    try:
        with ExitStack() as stack:
            try:
                opened = stack.enter_context(opening)
            except OSError as error:
                raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
            yield opened
    except BrokenPipeError:
        raise  # the reader has gone: nothing is wrong with the file
    except FileExistsError:
        raise UsageError(f"{path}: is there already; name another file") from None
    except OSError as error:
        raise EdgegateError(f"{path}: could not be written to its end: {error.strerror or error}") from None


@contextmanager
def _file(path: Path, *, new: bool, shared: bool) -> Iterator[IO[bytes]]:
    publish = os.link if new else os.replace
    with (
        private_files.draft(path, publish=publish, shared=shared) as (_, descriptor),
        os.fdopen(descriptor, "wb", closefd=False) as file,
    ):
        yield file


@contextmanager
def _through(path: Path) -> Iterator[IO[bytes]]:
    own = _own_descriptor(path)
    sys.stdout.flush()  # what was printed before comes before
    flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags) if own is None else os.dup(own), "wb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if own is None and not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
            raise UsageError(f"{path}: was replaced by something else just now; try again")
        yield file


def _own_descriptor(path: Path) -> int | None:
    """Returns the number behind /dev/stdout, /dev/fd/N or /proc/self/fd/N: those are links, and this follows none."""
    name = str(path.absolute())
    found = _DESCRIPTOR.fullmatch(name)
    return int(found[1]) if found else _STANDARD.get(name)


def _status(path: Path) -> os.stat_result | None:
    """Returns the status of what is there, of a link itself; None where nothing is, or it cannot be known."""
    try:
        return path.lstat()
    except OSError:
        return None


def _anybody_writes(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IWOTH)
