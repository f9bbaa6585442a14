"""Turns of a live camera: one that hangs, one that dies, one that ends."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from edgegate.access.gate import Gate, GateRules
from edgegate.camera import CameraHealth, Source
from edgegate.camera.capture import Capture, Slot
from edgegate.clock import SystemClock
from edgegate.errors import CameraError, ModelError
from edgegate.events.cloudevents import CloudEvent, Origin
from edgegate.events.vocabulary import CameraFault, Event, EventType
from edgegate.journal import Journal
from edgegate.lock.controller import build_lock
from edgegate.lock.wiring import Wiring
from edgegate.loop.live import turns
from edgegate.loop.turn import Loop, Turn
from edgegate.system.thermal import Cooling, Heat
from edgegate.types import Frame
from tests.camera.test_health import scene
from tests.support.fakes import FakePipeline
from tests.support.program import essence

STALL_SECONDS = 0.3


class FakeCamera:
    """Fifty frames a second; while `flowing` is not set, a read hangs as in a driver."""

    def __init__(self, clock: SystemClock, last: int | None = None, *, lively: bool = False) -> None:
        self._lively = lively
        self.flowing = threading.Event()
        self.flowing.set()
        self.hanging = threading.Event()
        self.broken: Exception | None = None
        self._clock = clock
        self._last = last
        self._seq = 0

    def read(self) -> Frame | None:
        if not self.flowing.wait(0.02):
            self.hanging.set()
            assert self.flowing.wait(30)
        threading.Event().wait(0.02)
        if self.broken is not None:
            raise self.broken
        if self._seq == self._last:
            return None
        self._seq += 1
        return Frame(self._clock.monotonic(), self._seq, scene(self._seq if self._lively else 0))

    def describe(self) -> str:
        return "a fake camera"

    def close(self) -> None:
        self.flowing.set()


class Watched:
    """A door with a fake camera, real from the capture thread to the journal."""

    def __init__(self, folder: Path) -> None:
        self.clock = SystemClock()
        self.told: list[CloudEvent] = []
        self.changes: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.stopping = threading.Event()
        self._journal = Journal(
            folder / "journal.db", origin=Origin("home", "front", "b"), clock=self.clock, outbox=False
        )
        self._lock = build_lock(Wiring(pins="mock"), self.clock, self.changes.put)
        self._loop = Loop(
            FakePipeline(),
            Gate(GateRules(), "m"),
            self._journal,
            self._lock,
            self.changes,
            self.clock,
            lambda _: None,
            self.told.append,
        )

    def turns(
        self,
        open_source: Callable[[], Source],
        cooling: Cooling | None = None,
        hang_seconds: float | None = None,
        frozen_seconds: float | None = None,
    ) -> Generator[Turn | None, None, None]:
        slot, health = Slot(), CameraHealth(STALL_SECONDS, frozen_seconds)
        capture = Capture(open_source, slot, 1.0, self.stopping, self.clock, hang_seconds)
        capture.start()
        try:
            yield from turns(self._loop, capture, slot, health, self.clock, self.stopping, cooling)
        finally:
            capture.close(5)

    def close(self) -> None:
        self._lock.close()
        self._journal.close()

    def essences(self) -> list[str]:
        return [essence(event) for event in self.told]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Watched]:
    door = Watched(tmp_path)
    yield door
    door.close()


def until(turning: Iterator[Turn | None], happened: Callable[[], object], clock: SystemClock) -> list[Turn | None]:
    """Turn until it has happened; fails after ten seconds."""
    end = clock.monotonic() + 10
    taken = []
    while not happened():
        assert clock.monotonic() < end, "it does not happen"
        taken.append(next(turning))
    return taken


def test_a_hung_camera_is_an_event_not_a_hang(door: Watched) -> None:
    camera = FakeCamera(door.clock)
    turning = door.turns(lambda: camera)
    assert next(turning) is not None
    camera.flowing.clear()
    ticks = until(turning, lambda: door.told, door.clock)
    assert ticks[-1] is None
    assert camera.hanging.is_set()
    assert door.essences() == ["camera.stalled no_frames"]
    # What else happens meanwhile is written down all the same.
    door.changes.put(Event(EventType.LOCKED, door.clock.monotonic()))
    until(turning, lambda: len(door.told) == 2, door.clock)
    camera.flowing.set()
    until(turning, lambda: len(door.told) == 3, door.clock)
    assert door.essences() == ["camera.stalled no_frames", "lock.locked", "camera.recovered"]
    door.stopping.set()
    with suppress(StopIteration):
        while next(turning) is not None:
            pass


def test_a_camera_that_hangs_for_good_takes_the_door_with_it(door: Watched) -> None:
    camera = FakeCamera(door.clock)
    turning = door.turns(lambda: camera, hang_seconds=0.5)
    assert next(turning) is not None
    camera.flowing.clear()
    with pytest.raises(CameraError, match="so that the service manager starts it again"):
        until(turning, lambda: False, door.clock)
    assert door.essences() == ["camera.stalled no_frames"]
    camera.flowing.set()


def test_a_frozen_camera_is_told_and_opened_again(door: Watched) -> None:
    frozen, lively = FakeCamera(door.clock), FakeCamera(door.clock, lively=True)
    cameras = iter([frozen, lively])
    turning = door.turns(lambda: next(cameras), frozen_seconds=0.3)
    until(turning, lambda: len(door.told) == 2, door.clock)
    assert door.essences() == ["camera.stalled frozen", "camera.recovered"]
    turning.close()


def test_a_hot_machine_looks_at_fewer_frames(door: Watched) -> None:
    cooling = Cooling(frames_per_second=20)
    cooling.feel(Heat(78))
    turning = door.turns(lambda: FakeCamera(door.clock), cooling)
    began = door.clock.monotonic()
    taken = until(turning, lambda: door.clock.monotonic() > began + 2, door.clock)
    looked_at = [turn for turn in taken if turn is not None]
    assert 12 <= len(looked_at) <= 22, "ten a second, of fifty"
    assert len(taken) > 2 * len(looked_at)
    assert not door.told
    turning.close()


def test_a_camera_that_never_came_is_told_with_the_reason(door: Watched) -> None:
    def absent() -> Source:
        raise CameraError("camera 7: not plugged in", CameraFault.UNPLUGGED)

    turning = door.turns(absent)
    until(turning, lambda: door.told, door.clock)
    assert door.essences() == ["camera.stalled unplugged"]
    assert door.told[0]["data"]["detail"] == "camera 7: not plugged in"
    turning.close()


def test_a_capture_thread_that_dies_takes_the_door_with_it(door: Watched) -> None:
    camera = FakeCamera(door.clock)
    camera.broken = ModelError("no camera's fault")
    with pytest.raises(ModelError, match="no camera's fault"):
        until(door.turns(lambda: camera), lambda: False, door.clock)


def test_the_turns_end_with_the_recording(door: Watched) -> None:
    seen = list(door.turns(lambda: FakeCamera(door.clock, last=4)))
    assert 1 <= sum(turn is not None for turn in seen) <= 4
    assert door.told == []
