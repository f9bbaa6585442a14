"""A camera tried for a second, by `check`: whether it gives pictures, and whether something can be seen in them."""

from __future__ import annotations

from itertools import pairwise
from typing import Protocol

from edgegate.camera.picture import emptiness, is_same
from edgegate.errors import CameraError
from edgegate.events.vocabulary import CameraFault
from edgegate.types import Frame

FRAMES = 15


class Readable(Protocol):
    def read(self) -> Frame | None: ...
    def describe(self) -> str: ...


def try_out(source: Readable, *, judged: bool, may_repeat: bool) -> str | None:
    """Read some frames; why nothing can be seen in them, or None. Not `judged`, as a recording is: only the first.

    Raises CameraError when none comes, and when they are all the same unless the camera `may_repeat` still pictures.
    """
    first = source.read()
    if first is None:
        raise CameraError(f"{source.describe()}: it gives no frame", CameraFault.NO_FRAMES)
    if not judged:
        return None
    frames = [first, *(frame for _ in range(FRAMES - 1) if (frame := source.read()) is not None)]
    empty = emptiness(frames[-1].image)
    if empty is None and not may_repeat and all(is_same(*pair) for pair in pairwise(frames)):
        raise CameraError(
            f"{source.describe()}: it gives the same picture again and again: unplug it and plug it in again",
            CameraFault.FROZEN,
        )
    return empty
