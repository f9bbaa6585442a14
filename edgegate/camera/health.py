"""Whether frames still come: pure rules, fed with times."""

from __future__ import annotations

from edgegate.types import EventType


class CameraHealth:
    """Notices when frames stop and when they are back, each once.

    A reader may hang in a driver for good, so that this is asked by whoever takes the frames, not by whoever
    reads them. A camera that never gave a frame stalls too, `stall_seconds` after the first check.
    """

    def __init__(self, stall_seconds: float) -> None:
        self._stall_seconds = stall_seconds
        self._last: float | None = None
        self.stalled = False

    def frame(self, at: float) -> None:
        """A frame taken at `at` (its own time, so that a burst of old frames is no recovery)."""
        self._last = at if self._last is None else max(at, self._last)

    def check(self, now: float) -> EventType | None:
        """What is to be told now, if anything: the camera stalled, or recovered."""
        if self._last is None:
            self._last = now
        stalled = now - self._last >= self._stall_seconds
        if stalled == self.stalled:
            return None
        self.stalled = stalled
        return EventType.CAMERA_STALLED if stalled else EventType.CAMERA_RECOVERED
