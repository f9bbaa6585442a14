"""The capture thread against sources with knobs: lost, ended, broken and stuck ones."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from edgegate.camera.capture import Capture, Slot
from edgegate.clock import VirtualClock
from edgegate.errors import CameraError, UsageError
from edgegate.events.vocabulary import CameraFault
from edgegate.types import Frame

DEADLINE = 10.0
IMAGE = np.zeros((2, 2, 3), np.uint8)


def frame(seq: int) -> Frame:
    return Frame(at=float(seq), seq=seq, image=IMAGE)


class Scripted:
    """A source that does what its script says: gives frames, raises errors, ends on None, calls functions."""

    def __init__(self, *script: Frame | Exception | Callable[[], None] | None) -> None:
        self._script = iter(script)
        self.closed = False

    def read(self) -> Frame | None:
        step = next(self._script)
        if isinstance(step, Exception):
            raise step
        if callable(step):
            step()
            return self.read()
        return step

    def describe(self) -> str:
        return "a script"

    def close(self) -> None:
        self.closed = True


class Watched(threading.Event):
    """An event that writes down how long it was waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return self.is_set()


class Factory:
    """Hands out the given sources in turn; an exception among them is raised instead."""

    def __init__(self, *sources: Scripted | Exception) -> None:
        self._sources = iter(sources)

    def __call__(self) -> Scripted:
        source = next(self._sources)
        if isinstance(source, Exception):
            raise source
        return source


def run_to_its_end(
    factory: Factory, reopen_max_seconds: float = 30.0, clock: VirtualClock | None = None
) -> tuple[Capture, Slot, Watched]:
    slot, stopping = Slot(), Watched()
    capture = Capture(factory, slot, reopen_max_seconds, stopping, clock or VirtualClock())
    capture.start()
    capture._thread.join(DEADLINE)
    assert not capture._thread.is_alive()
    return capture, slot, stopping


def test_the_slot_keeps_the_newest_frame_and_counts_the_others() -> None:
    slot = Slot()
    for seq in range(3):
        slot.put(frame(seq))
    taken = slot.take(0.0)
    assert taken is not None
    assert taken.seq == 2
    assert slot.dropped == 2
    assert slot.take(0.0) is None
    slot.put(frame(3))
    assert slot.dropped == 2


def test_the_slot_wakes_who_waits_for_a_frame() -> None:
    slot = Slot()
    threading.Timer(0.02, lambda: slot.put(frame(7))).start()
    taken = slot.take(DEADLINE)
    assert taken is not None
    assert taken.seq == 7


def test_a_source_that_ends_ends_the_capture_and_is_closed() -> None:
    source = Scripted(frame(0), frame(1), None)
    capture, slot, _ = run_to_its_end(Factory(source))
    assert capture.ended
    assert capture.failed is None
    assert source.closed
    taken = slot.take(0.0)
    assert taken is not None
    assert taken.seq == 1


def test_a_camera_that_went_away_is_closed_and_opened_again() -> None:
    first = Scripted(frame(0), CameraError("gone"))
    second = Scripted(frame(0), None)
    capture, _, stopping = run_to_its_end(Factory(first, second))
    assert first.closed
    assert second.closed
    assert capture.ended
    assert capture.fault is None
    assert stopping.waits == [0.5]


def test_reopening_backs_off_to_its_maximum_and_starts_over_after_a_frame() -> None:
    absent = [CameraError("not there")] * 5
    flaky = Scripted(frame(0), CameraError("gone"))
    _, _, stopping = run_to_its_end(Factory(*absent, flaky, Scripted(None)), reopen_max_seconds=3.0)
    assert stopping.waits == [0.5, 1.0, 2.0, 3.0, 3.0, 0.5]


def test_the_time_a_try_took_is_not_waited_again() -> None:
    clock = VirtualClock()

    def take_long() -> None:
        clock.advance(clock.monotonic() + 0.4)

    factory = Factory(Scripted(take_long, CameraError("gone")), CameraError("not there"), Scripted(None))
    _, _, stopping = run_to_its_end(factory, clock=clock)
    assert stopping.waits == [pytest.approx(0.1), pytest.approx(1.0)]


def test_a_source_that_is_to_be_opened_again_is_closed_first() -> None:
    reading, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        reading.set()
        assert go_on.wait(DEADLINE)

    first, second = Scripted(frame(0), wait, frame(1), frame(2)), Scripted(None)
    capture = Capture(Factory(first, second), Slot(), 30.0)
    capture.start()
    assert reading.wait(DEADLINE)
    capture.reopen()
    go_on.set()
    capture._thread.join(DEADLINE)
    assert capture.ended
    assert first.closed
    assert capture.complaint is None


def test_a_reader_that_does_not_come_back_is_hung() -> None:
    clock, reading, go_on = VirtualClock(), threading.Event(), threading.Event()

    def hang() -> None:
        reading.set()
        assert go_on.wait(DEADLINE)

    for seconds, hung in ((30.0, True), (None, False)):
        reading.clear()
        go_on.clear()
        capture = Capture(Factory(Scripted(frame(0), hang, None)), Slot(), 30.0, None, clock, seconds)
        assert not capture.hung
        capture.start()
        assert reading.wait(DEADLINE)
        clock.advance(clock.monotonic() + 29)
        assert not capture.hung
        clock.advance(clock.monotonic() + 1)
        assert capture.hung is hung
        go_on.set()
        capture._thread.join(DEADLINE)


def test_a_complaint_has_a_word_for_programs() -> None:
    capture, _, _ = run_to_its_end(Factory(CameraError("not there", CameraFault.UNPLUGGED), Scripted(None)))
    assert capture.complaint == ("unplugged", "not there")


def test_trouble_is_told_once_while_it_stays_the_same(caplog: pytest.LogCaptureFixture) -> None:
    capture, _, _ = run_to_its_end(Factory(*[CameraError("not there")] * 3, CameraError("gone"), Scripted(None)))
    assert [record.message for record in caplog.records] == ["not there", "gone"]
    assert capture.fault == "gone"


@pytest.mark.parametrize("error", [ValueError("a bug"), UsageError("no such video")])
def test_anything_unexpected_is_kept_for_the_main_loop(error: Exception) -> None:
    source = Scripted(error)
    capture, _, _ = run_to_its_end(Factory(source))
    assert capture.failed is error
    assert not capture.ended
    assert source.closed


def test_closing_cuts_the_wait_for_the_next_try_short() -> None:
    tried = threading.Event()

    def absent() -> Scripted:
        tried.set()
        raise CameraError("not there")

    capture = Capture(absent, Slot(), reopen_max_seconds=600.0)
    capture._delay = 600.0
    capture.start()
    assert tried.wait(DEADLINE)
    assert capture.close(DEADLINE)
    assert capture.fault == "not there"


def test_a_reader_stuck_in_its_driver_does_not_hang_the_shutdown() -> None:
    reading, release = threading.Event(), threading.Event()

    def hang() -> None:
        reading.set()
        release.wait()

    source = Scripted(frame(0), hang, frame(1))
    slot = Slot()
    capture = Capture(Factory(source), slot, 30.0)
    capture.start()
    assert reading.wait(DEADLINE)
    assert slot.take(DEADLINE) is not None
    assert slot.take(0.01) is None
    assert not capture.close(0.01)
    assert not source.closed
    release.set()
    assert capture.close(DEADLINE)
    assert source.closed


def test_closing_what_was_never_started_is_no_error() -> None:
    assert Capture(Factory(), Slot(), 30.0).close(0.0)
