"""The camera's health, which is that it shows what is before it now: pure rules, fed with times and frames."""

from __future__ import annotations

from edgegate.camera.picture import emptiness, is_same
from edgegate.events.vocabulary import CameraFault, EventType
from edgegate.types import Frame

REPEAT_SECONDS = 1.0
"""A picture that stays the same is looked at once in this time: it is no further evidence."""
EMPTY_SECONDS = 3.0
"""The time that a picture must show nothing until that is told; a hand before the lens is no fault."""
_LOOK_SECONDS = 0.5


class CameraHealth:
    """Notices when frames stop or freeze, and when they are back, each once; and a lens that is covered.

    A reader may hang in a driver for good, so this is asked by the thread that takes frames, not by the one that reads
    them. A camera that never gave a frame stalls too, `stall_seconds` after the first check.

    It is frozen when every pixel has been the same for `frozen_seconds`. An even picture proves nothing: behind a
    covered lens all frames may be black. None, for recordings: a picture of theirs may last, and nothing is judged.
    """

    def __init__(self, stall_seconds: float, frozen_seconds: float | None = None) -> None:
        self._stall_seconds = stall_seconds
        self._frozen_seconds = frozen_seconds
        self._last: float | None = None
        self._frame: Frame | None = None
        self._passed = self._changed = self._looked = float("-inf")
        self._empty: str | None = None
        self._empty_since = 0.0
        self.stalled = False
        self.frozen = False
        """Frames come, and are all the same."""
        self.empty: str | None = None
        """The reason why nothing can be seen though frames come, in words; None if something can."""

    def frame(self, frame: Frame) -> bool:
        """Take note of a frame; whether it is worth looking at, which a repeated picture mostly is not.

        Its own time counts, so that a burst of old frames is no recovery.
        """
        self._last = frame.at if self._last is None else max(frame.at, self._last)
        if self._frozen_seconds is None:
            return True
        repeated = self._frame is not None and is_same(frame, self._frame)
        self._frame = frame
        self._look(frame)
        if not repeated or self._empty is not None:
            self._changed = frame.at
        self.frozen = frame.at - self._changed >= self._frozen_seconds
        if self.frozen or (repeated and frame.at - self._passed < REPEAT_SECONDS):
            return False
        self._passed = frame.at
        return True

    def check(self, now: float) -> EventType | None:
        """Returns what is to be told now, if anything: the camera stalled, or recovered."""
        if self._last is None:
            self._last = now
        stalled = self.frozen or now - self._last >= self._stall_seconds
        if stalled == self.stalled:
            return None
        self.stalled = stalled
        return EventType.CAMERA_STALLED if stalled else EventType.CAMERA_RECOVERED

    def fault(self, reader: tuple[CameraFault, str] | None) -> str | None:
        """Returns what is wrong with the camera now, in words; None if nothing is. `reader` is as for `reason`."""
        return self.reason(reader)[1] if self.stalled else None

    def reason(self, reader: tuple[CameraFault, str] | None) -> tuple[CameraFault, str]:
        """Returns why the camera is stalled, as a word and in words; `reader` is what its reader complained of."""
        if reader is not None:
            return reader
        if self.frozen:
            return CameraFault.FROZEN, "the camera gives the same picture again and again"
        return CameraFault.NO_FRAMES, "no frames"

    def _look(self, frame: Frame) -> None:
        if frame.at - self._looked < _LOOK_SECONDS:
            return
        self._looked = frame.at
        empty = emptiness(frame.image if frame.preview is None else frame.preview)
        if empty is None:
            self._empty = self.empty = None
            return
        if self._empty is None:
            self._empty_since = frame.at
        self._empty = empty
        if frame.at - self._empty_since >= EMPTY_SECONDS:
            self.empty = empty
