"""Files that appear only when they are complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgegate.errors import EdgegateError, UsageError


@contextmanager
def complete(path: Path) -> Iterator[Path]:
    """A path to write to, beside `path` and with its suffix; it becomes `path` if the block ends well.

    Raises UsageError when the folder is not there or cannot be written to, EdgegateError when writing fails later.
    """
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; name a file")
    draft = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        draft.touch()
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        yield draft
        draft.replace(path)
    except BrokenPipeError:
        raise  # of stdout: nothing is wrong with the file
    except OSError as error:
        raise EdgegateError(f"{path}: could not be written to its end: {error.strerror or error}") from None
    finally:
        draft.unlink(missing_ok=True)
