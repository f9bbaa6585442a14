"""Folders that appear only when they are complete."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgegate.errors import EdgegateError, UsageError


def require_new(folder: Path) -> None:
    """Raise UsageError if something is there already; an empty folder is nothing."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: is there already; name a new folder, or remove this one")


def made(folder: Path) -> Path:
    """Returns the folder, which is made where it is not there; raises UsageError where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made: {error.strerror}") from None
    return folder


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into, beside `folder`; it becomes `folder` if the block ends well, and is removed if not.

    Raises UsageError if `folder` is there already or cannot be made, EdgegateError when writing fails later.
    """
    require_new(folder)
    folder = folder.absolute()
    draft = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made: {error.strerror}") from None
    try:
        yield draft
        if folder.exists():
            folder.rmdir()
        draft.rename(folder)
    except OSError as error:
        raise EdgegateError(f"{folder}: could not be written to its end: {error.strerror or error}") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
