"""Stalls and recoveries, by times alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgegate.camera import CameraHealth
from edgegate.types import EventType

STALLED, RECOVERED = EventType.CAMERA_STALLED, EventType.CAMERA_RECOVERED


def test_a_stall_and_its_end_are_told_once() -> None:
    health = CameraHealth(stall_seconds=3.0)
    health.frame(10.0)
    assert [health.check(now) for now in (10.0, 12.9, 13.0, 14.0)] == [None, None, STALLED, None]
    assert health.stalled
    health.frame(14.5)
    assert [health.check(now) for now in (14.5, 14.6)] == [RECOVERED, None]
    assert not health.stalled


def test_a_camera_that_never_gave_a_frame_stalls_too() -> None:
    health = CameraHealth(stall_seconds=3.0)
    assert [health.check(now) for now in (100.0, 102.0, 103.0)] == [None, None, STALLED]


def test_a_burst_of_old_frames_is_no_recovery() -> None:
    health = CameraHealth(stall_seconds=3.0)
    health.frame(10.0)
    assert health.check(20.0) is STALLED
    health.frame(11.0)
    assert health.check(20.1) is None
    health.frame(20.1)
    assert health.check(20.2) is RECOVERED


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 10)), max_size=50))
def test_stalls_and_recoveries_alternate(steps: list[tuple[bool, float]]) -> None:
    health, now = CameraHealth(stall_seconds=3.0), 0.0
    told = []
    for with_frame, seconds in steps:
        now += seconds
        if with_frame:
            health.frame(now)
        told.append(health.check(now))
    assert [what for what in told if what] == ([STALLED, RECOVERED] * len(told))[
        : sum(what is not None for what in told)
    ]
