"""Time: the virtual clock's order, the system clock's timers, and wall time that cannot be trusted."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.clock import (
    STEP_TOLD_SECONDS,
    Later,
    RecordingClock,
    SystemClock,
    VirtualClock,
    ask_timedated,
    boottime_to_monotonic,
    rfc3339,
    wall_of,
)

NEW_YEAR = 1767225600.0  # 2026-01-01T00:00:00Z
DAY = 86_400.0


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


class Machine:
    """A machine's clocks, and what is known of them, as a test sets them."""

    def __init__(self) -> None:
        self.monotonic = 100.0
        self.ahead = NEW_YEAR
        self.synchronized = self.kept = False
        self.clock = self.started()

    def started(self, floor: float = 0.0) -> SystemClock:
        """The clock of a daemon that starts now."""
        return SystemClock(floor, lambda: self.synchronized, lambda: self.kept, self.read)

    def read(self) -> tuple[float, float]:
        return self.ahead + self.monotonic, self.monotonic

    def synchronize(self) -> None:
        self.synchronized = self.kept = True

    def set(self, by: float) -> None:
        """Sets the time as `date -s` does: from then on the kernel does not take the clock for synchronized."""
        self.ahead += by
        self.kept = False

    @property
    def says(self) -> float:
        return self.read()[0]


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_before_synchronization_wall_time_goes_on_from_its_floor_and_is_not_trusted(machine: Machine) -> None:
    clock = machine.started(floor=machine.says + 1e6)
    assert clock.wall() == machine.says + 1e6
    machine.monotonic += 60
    assert clock.wall() == machine.says + 1e6, "it goes on, a minute a minute"
    assert not clock.wall_trusted()
    assert str(clock.fault()).startswith("not synchronized")
    machine.synchronize()
    assert clock.wall() == machine.says, "the floor was wrong"
    assert clock.wall_trusted()
    assert clock.fault() is None


def test_once_synchronized_it_is_trusted_though_the_kernel_loses_synchronization(machine: Machine) -> None:
    machine.synchronize()
    assert machine.clock.wall_trusted()
    machine.synchronized = machine.kept = False
    machine.monotonic += 1e5
    assert machine.clock.wall_trusted()
    assert machine.clock.wall() == machine.says
    assert machine.clock.fault() is None


@pytest.mark.parametrize("by", [DAY, -DAY])
def test_a_trusted_clock_that_somebody_sets_is_not_followed(by: float, machine: Machine) -> None:
    machine.synchronize()
    before = machine.clock.wall()
    machine.set(by)
    machine.monotonic += 5
    assert machine.clock.wall() == before + 5
    assert machine.clock.wall_trusted()
    words = f"set 86,400 s {'ahead' if by > 0 else 'back'}, and no time service keeps it: not followed"
    assert words in str(machine.clock.fault())
    machine.set(-by)
    assert machine.clock.fault() is None


def test_a_step_that_a_time_service_vouches_for_is_followed_and_told_for_a_while(machine: Machine) -> None:
    machine.synchronize()
    machine.clock.wall()
    machine.set(DAY)
    machine.clock.wall()
    machine.kept = True
    assert machine.clock.wall() == machine.says
    assert "set 86,400 s ahead by its time service: followed" in str(machine.clock.fault())
    machine.monotonic += STEP_TOLD_SECONDS
    assert machine.clock.fault() is None


def test_a_step_forward_and_back_before_synchronization_freezes_nothing(machine: Machine) -> None:
    clock, was = machine.clock, machine.clock.wall()
    machine.set(DAY)
    assert clock.wall() == was + DAY
    machine.set(-DAY)
    machine.monotonic += 60
    assert clock.wall() == was + DAY + 60, "it never runs back, and goes on"
    restarted = machine.started(floor=clock.wall())
    machine.monotonic += 60
    assert restarted.wall() == was + DAY + 120
    machine.synchronize()
    assert restarted.wall() == clock.wall() == machine.says, "synchronizing mends it"


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(-1e6, 1e6))))
def test_time_never_runs_back_while_no_time_service_keeps_the_clock(moves: list[tuple[float, float]]) -> None:
    for trusted in (False, True):
        machine = Machine()
        machine.synchronized = trusted
        last = machine.clock.wall()
        for passed, by in moves:
            machine.set(by if not trusted or abs(by) > 2 else 0)
            machine.monotonic += passed
            now = machine.clock.wall()
            assert now >= last + passed - 1e-3
            last = now


def test_a_recording_s_time_is_trusted() -> None:
    assert VirtualClock(NEW_YEAR).wall_trusted()
    assert RecordingClock(NEW_YEAR).wall_trusted()


def test_a_monotonic_moment_has_a_wall_time() -> None:
    clock = VirtualClock(NEW_YEAR)
    clock.advance(10.0)
    assert wall_of(clock, 4.0) == NEW_YEAR + 4.0
    assert rfc3339(wall_of(clock, 3.2)) == "2026-01-01T00:00:03.200Z"


def test_boottime_is_never_behind_monotonic() -> None:
    now = SystemClock().monotonic()
    assert boottime_to_monotonic(now) <= now + 0.001


@pytest.mark.parametrize(
    ("command", "yes"),
    [
        (("echo", "b true"), True),
        (("echo", "b false"), False),
        (("false",), False),
        (("/nowhere/busctl",), False),
    ],
)
def test_where_the_kernel_may_not_be_asked_only_a_yes_of_systemd_counts(command: tuple[str, ...], yes: bool) -> None:
    assert ask_timedated(command) is yes


def test_a_slow_answer_is_not_waited_for_and_counts_while_its_question_is_fresh() -> None:
    now, answers, asked = [0.0], threading.Semaphore(0), threading.Semaphore(0)

    def ask() -> bool:
        asked.release()
        assert answers.acquire(timeout=10)
        return True

    later = Later(ask, lambda: now[0])
    assert not later(), "nobody has answered yet"
    assert asked.acquire(timeout=10)
    answers.release()
    assert later._thread is not None
    later._thread.join(10)
    now[0] = Later.FRESH_SECONDS
    assert later(), "and meanwhile it is asked again"
    now[0] += 0.1
    assert not later(), "the second answer has not come, the first one is old"
    answers.release()
    later._thread.join(10)
    assert later()
