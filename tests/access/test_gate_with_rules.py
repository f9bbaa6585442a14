"""Invariants of a gate with rules of access, a lock-out and hold-open hours."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edgegate.access import Calendar, HoldOpenHours, LockOutRules, Permissions, Rule, Schedule
from edgegate.access.gate import Gate
from edgegate.access.observation import (
    ALWAYS,
    Observation,
    Released,
)
from edgegate.events.vocabulary import Denial, EventType
from tests.support.fakes import seen
from tests.support.happenings import (
    RULES,
    Step,
    beyond_doubt,
    happenings,
    play,
    recognised,
)

HOURS = Schedule.parse("two to three minutes past midnight", ["thu 00:02-00:03"])
"""In seconds since the epoch, which began on a Thursday, from 120 until before 180."""


STRICT = replace(
    RULES,
    refuse_after_frames=1,
    permissions=Permissions(
        "front",
        Calendar(),
        (
            Rule(frozenset({"staff"}), HOURS),
            Rule(frozenset({"guards"})),
            Rule(frozenset({"cleaners"}), None, frozenset("b")),
        ),
    ),
    lockout=LockOutRules(refusals=2, window_seconds=30.0, seconds=20.0),
    hold_open=HoldOpenHours(HOURS, Calendar()),
)


recognised_in_a_group = st.builds(
    lambda sighting, groups: replace(sighting, pooled=replace(sighting.pooled, groups=groups)),
    recognised,
    st.sampled_from([("guards",), ("guards", "staff"), ("staff",), ("staff",), ("cleaners",), ()]),
)


strangers = st.builds(lambda track: replace(seen(None, track=track), frames=9), st.integers(5, 9))


strict_steps = st.builds(
    Step,
    st.sampled_from([0.0, 0.1, 0.1, 0.1, 2.0, 6.0, 12.0]),
    st.sampled_from([0.0, 0.0, 0.0, 0.6]),
    st.lists(recognised_in_a_group | strangers, max_size=2).map(tuple),
    st.sampled_from([False] * 5 + [True]),
    st.sampled_from([True] * 5 + [False]),
    st.sampled_from([None] * 7 + [Denial.LOCKDOWN]),
    st.booleans(),
    st.sampled_from([False] * 9 + [True]),
)


strict_happenings = st.lists(strict_steps, min_size=10, max_size=40)


# With rules of access, a lock-out and hold-open hours.


@given(strict_happenings)
def test_rules_let_people_in_at_their_times_only_and_with_a_known_clock(
    happening: list[Step],
) -> None:
    for told in play(happening, STRICT):
        if told.decision.pulse is None:
            continue
        assert isinstance(told.what, Observation)
        assert told.what.barred is None
        nearest = max(told.what.sightings, key=lambda sighting: sighting.box.area)
        assert beyond_doubt(nearest)
        assert nearest.pooled is not None
        groups, validity = nearest.pooled.groups, nearest.pooled.validity
        in_time = told.what.wall_trusted and 120 <= told.what.wall < 180
        assert "guards" in groups or ("staff" in groups and in_time)
        assert validity == ALWAYS or (told.what.wall_trusted and validity.since <= told.what.wall < validity.until)


@given(strict_happenings)
def test_during_a_lock_out_nobody_is_let_in_and_it_ends_in_time(happening: list[Step]) -> None:
    began, refusals = float("-inf"), list[float]()
    for told in play(happening, STRICT):
        if isinstance(told.what, Released):
            began, refusals = float("-inf"), []
        for event in told.decision.events:
            locked_out = told.now < began + 20.0
            match event.type, event.data["reason"]:
                case EventType.LOCKOUT_STARTED, _:
                    assert not locked_out
                    assert sum(told.now - at < 30.0 for at in refusals) >= 2
                    began = told.now
                case EventType.LOCKOUT_ENDED, reason:
                    assert reason == "time"
                    assert not locked_out
                    refusals = []
                case EventType.DENIED, Denial.UNKNOWN | Denial.UNCONFIRMED:
                    refusals.append(told.now)
                case EventType.DENIED, Denial.LOCKED_OUT:
                    assert locked_out
                case EventType.GRANTED, _:
                    assert not locked_out


@given(strict_happenings)
def test_the_door_is_held_open_within_its_hours_once_somebody_was_let_in(
    happening: list[Step],
) -> None:
    somebody, told_of = False, False
    for told in play(happening, STRICT):
        if not isinstance(told.what, Observation):
            continue
        for event in told.decision.events:
            if event.type in {EventType.HOLD_OPEN_STARTED, EventType.HOLD_OPEN_ENDED}:
                assert told_of is (event.type is EventType.HOLD_OPEN_ENDED)
                told_of = not told_of
        if told.decision.hold is not None:
            assert told_of
            assert somebody
            assert told.what.wall_trusted
            assert told.what.wall >= 120
            assert told.what.wall + told.decision.hold.until - told.now <= 180 + 1e-6
            assert 1.0 <= told.decision.hold.until - told.now <= 30 + 1e-6
            assert told.what.held or told.what.barred is None
        somebody = somebody or told.decision.pulse is not None


@given(strict_happenings, happenings)
def test_rules_that_are_changed_while_the_door_is_in_service_hold_from_then_on(
    before: list[Step], after: list[Step]
) -> None:
    gate, clock = Gate(RULES, "m"), 100.0
    for number, step in enumerate([*before, *after]):
        clock = max(clock, clock + step.after)
        if number == len(before):
            gate.change_rules(
                replace(STRICT, permissions=Permissions("shed", Calendar(), STRICT.permissions.rules[2:]))
            )
        decision = gate.observe(Observation(clock, clock - step.age, clock, step.view, clock, step.trusted))
        if number >= len(before):
            assert decision.pulse is None
