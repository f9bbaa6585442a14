"""The time at which frames that came over a network were taken, by times alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.camera.arrival import Arrivals

INTERVAL = 1 / 15


def played(arrivals: Arrivals, start: float, count: int, first: int = 0, held_up: float = 0.0) -> list[float | None]:
    """Stamps of frames that come as they are taken, `held_up` seconds later, as ages."""
    ages: list[float | None] = []
    for index in range(first, first + count):
        arrived = start + index * INTERVAL + held_up
        at = arrivals.stamp(arrived, 7.0 + index * INTERVAL)
        ages.append(None if at is None else arrived - at)
    return ages


def close(ages: list[float | None], wanted: float) -> bool:
    return all(age is not None and abs(age - wanted) < 0.001 for age in ages)


def test_a_steady_stream_is_fresh_from_its_fourth_frame_on() -> None:
    ages = played(Arrivals(), 100.0, 30)
    assert ages[:3] == [None] * 3
    assert close(ages[3:], 0.0)


def test_what_was_buffered_while_connecting_gets_no_time() -> None:
    arrivals = Arrivals()
    burst = [arrivals.stamp(100.0 + index * 0.003, index * INTERVAL) for index in range(20)]
    assert burst == [None] * 20
    late = 100.057 - 19 * INTERVAL
    after = [arrivals.stamp(late + index * INTERVAL, index * INTERVAL) for index in range(20, 40)]
    assert after[0] is None
    assert after[-1] == pytest.approx(late + 39 * INTERVAL)


def test_a_burst_after_a_gap_is_old() -> None:
    arrivals = Arrivals()
    played(arrivals, 100.0, 15)
    burst = [arrivals.stamp(103.0, 7.0 + index * INTERVAL) for index in range(15, 45)]
    for index, at in enumerate(burst, 15):
        assert at is not None
        assert abs(at - (100.0 + index * INTERVAL)) < 0.002
    assert close(played(arrivals, 100.0, 15, 46), 0.0)


def test_a_lasting_delay_stays_in_the_age() -> None:
    arrivals = Arrivals()
    played(arrivals, 100.0, 15)
    assert all(age is not None and 0.95 < age <= 1.0 for age in played(arrivals, 100.0, 1000, 15, held_up=1.0))


def test_a_cameras_slow_clock_does_not_age_its_frames() -> None:
    arrivals = Arrivals()
    slow = 1 - 200e-6
    for index in range(15 * 3600 * 10):
        arrived = index * INTERVAL
        at = arrivals.stamp(arrived, arrived * slow)
    assert at is not None
    assert arrived - at < 0.001


def test_a_stream_without_times_counts_from_arrival() -> None:
    arrivals = Arrivals()
    stamps = [arrivals.stamp(10.0 + index * INTERVAL, 0.0) for index in range(60)]
    assert stamps[0] is None
    assert not arrivals.dated
    assert stamps[-1] == 10.0 + 59 * INTERVAL


@given(st.lists(st.floats(0, 2), min_size=5, max_size=60))
def test_no_frame_is_from_the_future_or_fresher_than_it_is(delays: list[float]) -> None:
    arrivals, arrived = Arrivals(), 0.0
    undelayed = played(arrivals, 0.0, 15)
    assert undelayed[-1] is not None
    stamps = []
    for index, delay in enumerate(delays, 15):
        taken = index * INTERVAL
        arrived = max(arrived, taken + delay)  # TCP keeps the order
        at = arrivals.stamp(arrived, 7.0 + taken)
        assert at is not None
        assert at <= arrived + 1e-9
        assert taken - 1e-6 <= at <= taken + 0.01, "the base rises by half a millisecond a second at most"
        stamps.append(at)
    assert all(after > before for before, after in pairwise(stamps))
