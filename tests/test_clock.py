"""Time: the virtual clock's order, the system clock's timers, and wall time that cannot be trusted."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from edgegate.clock import (
    RecordingClock,
    SystemClock,
    VirtualClock,
    boottime_to_monotonic,
    rfc3339,
    synchronized,
    wall_of,
)

NEW_YEAR = 1767225600.0  # 2026-01-01T00:00:00Z


def test_virtual_time_stands_still_until_it_is_advanced() -> None:
    clock = VirtualClock(NEW_YEAR)
    assert (clock.monotonic(), clock.wall()) == (0.0, NEW_YEAR)
    clock.advance(3.2)
    assert (clock.monotonic(), clock.wall()) == (3.2, NEW_YEAR + 3.2)
    clock.advance(1.0)
    assert clock.monotonic() == 3.2


def test_timers_run_at_their_own_time_and_in_order() -> None:
    clock = VirtualClock()
    ran: list[tuple[str, float]] = []
    clock.call_at(2.0, lambda: ran.append(("second", clock.monotonic())))
    clock.call_at(1.0, lambda: ran.append(("first", clock.monotonic())))
    clock.call_at(2.0, lambda: ran.append(("third", clock.monotonic())))
    clock.call_at(9.0, lambda: ran.append(("not yet", clock.monotonic())))
    clock.advance(5.0)
    assert ran == [("first", 1.0), ("second", 2.0), ("third", 2.0)]
    assert clock.monotonic() == 5.0


def test_a_timer_may_set_another_one_that_is_due_on_the_way() -> None:
    clock = VirtualClock()
    ran: list[float] = []

    def again() -> None:
        ran.append(clock.monotonic())
        if len(ran) < 3:
            clock.call_at(clock.monotonic() + 1.0, again)

    clock.call_at(1.0, again)
    clock.advance(10.0)
    assert ran == [1.0, 2.0, 3.0]


def test_a_cancelled_timer_does_not_run_and_may_be_cancelled_again() -> None:
    clock = VirtualClock()
    ran: list[float] = []
    cancel = clock.call_at(1.0, lambda: ran.append(clock.monotonic()))
    cancel()
    cancel()
    clock.advance(2.0)
    assert ran == []


def test_a_timer_set_for_the_past_runs_at_the_next_advance() -> None:
    clock = VirtualClock()
    clock.advance(5.0)
    ran: list[float] = []
    clock.call_at(1.0, lambda: ran.append(clock.monotonic()))
    clock.advance(5.0)
    assert ran == [5.0]


@given(st.lists(st.floats(0, 100)), st.lists(st.floats(0, 100), max_size=10))
def test_however_it_is_advanced_every_timer_runs_once_at_its_time(dues: list[float], stops: list[float]) -> None:
    clock = VirtualClock()
    ran: list[tuple[float, float]] = []
    for due in dues:
        clock.call_at(due, lambda due=due: ran.append((due, clock.monotonic())))  # type: ignore[misc]
    for stop in [*stops, 100.0]:
        clock.advance(stop)
    assert ran == [(due, due) for due in sorted(dues)]


def test_system_timers_run_on_a_thread_of_their_own_and_can_be_called_off() -> None:
    clock = SystemClock()
    ran: list[str] = []
    done = threading.Event()

    def act() -> None:
        ran.append(threading.current_thread().name)
        done.set()

    cancel = clock.call_at(clock.monotonic() + 0.02, lambda: ran.append("cancelled"))
    cancel()
    due = clock.monotonic() + 0.05
    clock.call_at(due, act)
    assert done.wait(10.0)
    assert clock.monotonic() >= due
    assert len(ran) == 1
    assert ran[0] not in {"cancelled", threading.current_thread().name}


def test_wall_time_is_trusted_from_when_it_is_synchronized_on_and_never_earlier_than_its_floor_before() -> None:
    answers = [False, False, False, True, False]
    clock = SystemClock(is_synchronized=lambda: answers.pop(0))
    later = clock.wall() + 1e6
    clock.raise_floor(later)
    assert not clock.wall_trusted()
    assert clock.wall() == later
    assert not clock.wall_trusted()
    assert clock.wall() < later, "synchronized by now: the floor was wrong"
    assert clock.wall_trusted(), "the kernel's later doubt is about seconds"
    assert answers == [False]


def test_a_recording_s_time_is_trusted() -> None:
    assert VirtualClock(NEW_YEAR).wall_trusted()
    assert RecordingClock(NEW_YEAR).wall_trusted()


def test_an_unsynchronized_wall_clock_is_never_earlier_than_what_was_written_down() -> None:
    clock = SystemClock()
    later = clock.wall() + 1e6
    clock.raise_floor(later)
    assert clock.wall() == later or synchronized()


def test_a_monotonic_moment_has_a_wall_time() -> None:
    clock = VirtualClock(NEW_YEAR)
    clock.advance(10.0)
    assert wall_of(clock, 4.0) == NEW_YEAR + 4.0
    assert rfc3339(wall_of(clock, 3.2)) == "2026-01-01T00:00:03.200Z"


def test_boottime_is_never_behind_monotonic() -> None:
    now = SystemClock().monotonic()
    assert boottime_to_monotonic(now) <= now + 0.001
