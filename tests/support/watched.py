"""A camera watched as the daemon watches it, without the deciding."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

from edgegate import config
from edgegate.camera import Source, health_of, open_source
from edgegate.camera.capture import Capture, Slot
from edgegate.clock import SystemClock
from edgegate.events.vocabulary import CameraFault, EventType
from edgegate.types import Frame

CLOCK = SystemClock()


class Door:
    """Capture thread, slot and health of one camera; `measure` is asked about every frame as it is taken."""

    def __init__(
        self, settings: config.CameraSettings, measure: Callable[[Frame], tuple[float, float]] = lambda _: (0.0, 0.0)
    ) -> None:
        self.told: list[tuple[EventType, float]] = []
        """Events, and when they were published."""
        self.frames: list[tuple[float, float]] = []
        """The measurement of every frame."""
        self.fault: CameraFault | None = None
        """The fault of the last stall."""
        self.health = health_of(settings)
        self._settings = settings
        self._measure = measure
        self._slot, self._stopping = Slot(), threading.Event()
        self._capture = Capture(self._open, self._slot, settings.reopen_max_seconds, self._stopping, CLOCK)

    def _open(self) -> Source:
        return open_source(self._settings, CLOCK, self._stopping)

    def __enter__(self) -> Self:
        self._capture.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._capture.close(10)
        assert self._capture.failed is None

    def until(self, happened: Callable[[], object], seconds: float = 15) -> None:
        """Take frames as they come until it has happened."""
        end = CLOCK.monotonic() + seconds
        while not happened():
            assert CLOCK.monotonic() < end, f"it does not happen; published {self.told}, {self._capture.fault}"
            frame = self._slot.take(0.2)
            if frame is not None:
                self.health.frame(frame)
                self.frames.append(self._measure(frame))
            self._check()

    def _check(self) -> None:
        event = self.health.check(CLOCK.monotonic())
        if event is None:
            return
        self.told.append((event, CLOCK.monotonic()))
        if event is EventType.CAMERA_STALLED:
            self.fault, _ = self.health.reason(self._capture.complaint)

    def after(self, event: EventType) -> float:
        """Wait for the next event, which must be this one; how long that took."""
        before, began = len(self.told), CLOCK.monotonic()
        self.until(lambda: len(self.told) > before)
        assert self.told[-1][0] is event
        return self.told[-1][1] - began

    def playing(self, frames: int = 15) -> None:
        """Wait for some frames."""
        wanted = len(self.frames) + frames
        self.until(lambda: len(self.frames) >= wanted)

    def idle(self, seconds: float) -> None:
        """Go on for a while, whatever happens."""
        end = CLOCK.monotonic() + seconds
        self.until(lambda: CLOCK.monotonic() >= end, seconds + 1)
