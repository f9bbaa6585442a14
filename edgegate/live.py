"""Turns as frames come: the camera's thread on one side, the loop on this one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from edgegate.camera import CameraHealth
from edgegate.capture import Capture, Slot
from edgegate.clock import Clock
from edgegate.loop import Loop, Turn
from edgegate.types import Event, EventType

TICK_SECONDS = 0.2
"""How long a turn waits for a frame; without one it still writes down what the lock and the camera did."""


def turns(
    loop: Loop, capture: Capture, slot: Slot, health: CameraHealth, clock: Clock, stopping: threading.Event
) -> Iterator[Turn | None]:
    """A turn for every frame taken, and None for every tick without one, until `stopping` or a recording's end.

    Raises what the loop raises, and whatever ended the capture thread: an essential thread that dies takes the
    process with it.
    """
    while not stopping.is_set():
        frame = slot.take(TICK_SECONDS)
        if capture.failed is not None:
            raise capture.failed
        if frame is not None:
            health.frame(frame.at)
        elif capture.ended:
            return
        _tell_health(loop, capture, health, clock)
        if frame is None:
            loop.settle()
            yield None
        else:
            yield loop.turn(frame)


def _tell_health(loop: Loop, capture: Capture, health: CameraHealth, clock: Clock) -> None:
    change = health.check(clock.monotonic())
    if change is None:
        return
    data = {"reason": capture.trouble or "no frames"} if change is EventType.CAMERA_STALLED else {}
    loop.settle(Event(change, clock.monotonic(), data=data))
