"""Turns as frames come: the camera's thread on one side, the loop on this one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from edgegate.camera import CameraHealth
from edgegate.camera.capture import HANG_SECONDS, Capture, Slot
from edgegate.clock import Clock
from edgegate.errors import CameraError
from edgegate.events.vocabulary import CameraFault, Event, EventType
from edgegate.loop.turn import Loop, Turn
from edgegate.system.thermal import Cooling

TICK_SECONDS = 0.2
"""Seconds that a turn waits for a frame; without one it still writes down what the lock and the camera did."""


REOPEN_FROZEN_SECONDS = 10.0
"""Seconds between two openings of a frozen camera, the first of which is at once."""


def turns(
    loop: Loop,
    capture: Capture,
    slot: Slot,
    health: CameraHealth,
    clock: Clock,
    stopping: threading.Event,
    cooling: Cooling | None = None,
) -> Iterator[Turn | None]:
    """A turn for every frame taken, and None for every tick without one, until `stopping` or a recording's end.

    Frames that repeat the one before, and those that `cooling` leaves out, are ticks too. Raises what the loop
    raises, whatever ended the capture thread, and CameraError when it hangs for good: an essential thread that dies
    takes the process with it.
    """
    watch = _CameraWatch(loop, capture, health, clock)
    while not stopping.is_set():
        frame = slot.take(TICK_SECONDS)
        watch.reader()
        if frame is None and capture.ended:
            return
        of_use = frame is not None and health.frame(frame) and (cooling is None or cooling.allows(frame.at))
        watch.tell()
        if frame is not None and of_use:
            yield loop.turn(frame)
        else:
            loop.tick()
            yield None


class _CameraWatch:
    """Tells how the camera is, and does what can be done about it."""

    def __init__(self, loop: Loop, capture: Capture, health: CameraHealth, clock: Clock) -> None:
        self._loop = loop
        self._capture = capture
        self._health = health
        self._clock = clock
        self._reopened = float("-inf")

    def reader(self) -> None:
        if self._capture.failed is not None:
            raise self._capture.failed
        if self._capture.hung:
            raise CameraError(
                f"the camera's driver has not answered for {HANG_SECONDS:g} seconds and holds the camera: ending,"
                " so that the service manager starts it again; if this repeats, restart the machine",
                CameraFault.NO_FRAMES,
            )

    def tell(self) -> None:
        now = self._clock.monotonic()
        change = self._health.check(now)
        if self._health.frozen and now - self._reopened >= REOPEN_FROZEN_SECONDS:
            self._reopened = now
            self._capture.reopen()
        if change is None:
            return
        data = {}
        if change is EventType.CAMERA_STALLED:
            fault, detail = self._health.reason(self._capture.complaint)
            data = {"reason": fault, "detail": detail}
        self._loop.settle(Event(change, now, data=data))
