"""Lock-out: as many refused visits as it says, in as little time, and no longer than it says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgegate.access import NO_LOCKOUT, LockOut, LockOutRules
from edgegate.events.vocabulary import Event, EventType

RULES = LockOutRules(refusals=3, window_seconds=60.0, seconds=120.0)


def refuse(lockout: LockOut, *visits: tuple[int, float]) -> list[Event]:
    return [event for visit, at in visits for event in lockout.count(RULES, visit, at)]


def test_as_many_refused_visits_as_the_rules_say_start_one_and_time_ends_it() -> None:
    lockout = LockOut()
    assert refuse(lockout, (1, 0.0), (2, 10.0)) == []
    (event,) = refuse(lockout, (3, 20.0))
    assert (event.type, event.at) == (EventType.LOCKOUT_STARTED, 20.0)
    assert event.data == {"reason": "refusals", "refusals": 3, "seconds": 120.0}
    assert lockout.running
    assert lockout.pass_time(RULES, 139.9) == ()
    (event,) = lockout.pass_time(RULES, 140.0)
    assert (event.type, event.data) == (EventType.LOCKOUT_ENDED, {"reason": "time"})
    assert not lockout.running
    assert lockout.pass_time(RULES, 140.0) == ()


def test_refusals_further_apart_start_none() -> None:
    assert refuse(LockOut(), (1, 0.0), (2, 30.0), (3, 60.0), (4, 90.0)) == []
    assert len(refuse(LockOut(), (1, 0.0), (2, 30.0), (3, 59.9))) == 1


def test_a_visit_that_ends_well_does_not_count() -> None:
    lockout = LockOut()
    refuse(lockout, (1, 0.0), (2, 1.0))
    lockout.forgive(2)
    assert refuse(lockout, (3, 2.0)) == []
    assert len(refuse(lockout, (4, 3.0))) == 1


def test_refusals_during_a_lock_out_count_for_nothing_then_or_afterwards() -> None:
    lockout = LockOut()
    refuse(lockout, (1, 0.0), (2, 1.0), (3, 2.0))
    assert refuse(lockout, *((visit, 100.0) for visit in range(4, 50))) == []
    assert len(lockout.pass_time(RULES, 122.0)) == 1
    assert refuse(lockout, (50, 122.0), (51, 123.0)) == []


def test_staff_may_end_it_and_it_may_begin_again() -> None:
    lockout = LockOut()
    refuse(lockout, (1, 0.0), (2, 1.0), (3, 2.0))
    lockout.release()
    assert not lockout.running
    assert lockout.pass_time(RULES, 500.0) == ()
    assert len(refuse(lockout, (4, 3.0), (5, 3.0), (6, 3.0))) == 1


def test_one_that_began_before_the_start_goes_on_and_one_that_is_over_is_told_once() -> None:
    lockout = LockOut()
    lockout.take_up(10.0)
    assert lockout.running
    assert lockout.pass_time(RULES, 9.0) == ()
    assert len(lockout.pass_time(RULES, 11.0)) == 1


def test_where_the_rules_know_none_none_begins_and_one_that_runs_ends() -> None:
    lockout = LockOut()
    assert [lockout.count(NO_LOCKOUT, visit, 0.0) for visit in range(100)] == [()] * 100
    refuse(lockout, (1, 0.0), (2, 1.0), (3, 2.0))
    (event,) = lockout.pass_time(NO_LOCKOUT, 3.0)
    assert event.data == {"reason": "rules_changed"}


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 5.0, 31.0, 61.0, 121.0])), max_size=40))
def test_it_runs_exactly_while_a_clerk_with_a_list_of_all_refusals_would_say_so(
    steps: list[tuple[bool, float]],
) -> None:
    lockout, now, began = LockOut(), 0.0, -1e9
    noted: list[float] = []
    for visit, (refused, after) in enumerate(steps):
        now += after
        lockout.pass_time(RULES, now)
        if refused:
            if now >= began + RULES.seconds:
                noted.append(now)
                if sum(now - at < RULES.window_seconds for at in noted) >= RULES.refusals:
                    began, noted = now, []
            lockout.count(RULES, visit, now)
        assert lockout.running == (now < began + RULES.seconds)
