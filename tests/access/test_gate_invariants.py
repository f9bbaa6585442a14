"""Invariants of the gate, whatever happens at the door."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from edgegate.access.observation import (
    ALWAYS,
    Observation,
    Sighting,
    TooLate,
)
from edgegate.door.pulse import Pulse
from edgegate.events.vocabulary import Denial, EventType
from tests.support.fakes import seen
from tests.support.happenings import (
    RULES,
    Step,
    beyond_doubt,
    happenings,
    play,
)


@settings(max_examples=300)
@given(happenings)
def test_a_grant_and_a_pulse_always_come_together(happening: list[Step]) -> None:
    for told in play(happening):
        grants = [event for event in told.decision.events if event.type is EventType.GRANTED]
        assert len(grants) == (told.decision.pulse is not None)
        assert len(told.decision.events) <= 1


@settings(max_examples=300)
@given(happenings)
def test_every_grant_is_for_the_nearest_person_recognised_in_a_fresh_frame(
    happening: list[Step],
) -> None:
    for told in play(happening):
        pulse = told.decision.pulse
        if pulse is None:
            continue
        assert isinstance(told.what, Observation)
        nearest = max(told.what.sightings, key=lambda sighting: sighting.box.area)
        assert beyond_doubt(nearest)
        assert nearest.pooled is not None
        assert told.decision.events[0].subject == nearest.pooled.person
        assert abs(told.now - told.what.frame_at) <= RULES.max_frame_age
        not_after = min(told.now, told.what.frame_at) + RULES.max_frame_age
        assert pulse == Pulse(RULES.unlock_seconds, not_after, pulse.visit)


@settings(max_examples=300)
@given(happenings)
def test_nobody_is_let_in_when_they_may_not_or_when_that_cannot_be_known(happening: list[Step]) -> None:
    for told in play(happening):
        if not isinstance(told.what, Observation):
            continue
        for event in told.decision.events:
            nearest = max(told.what.sightings, key=lambda sighting: sighting.box.area)
            permission = nearest.pooled.validity if nearest.pooled else ALWAYS
            known = told.what.wall_trusted or permission == ALWAYS
            may = permission.since <= told.what.wall < permission.until
            if event.type is EventType.GRANTED:
                assert told.what.barred is None
                assert known
                assert may
            if event.data["reason"] == Denial.CLOCK_UNSYNCHRONIZED:
                assert not known
            if event.data["reason"] == Denial.NOT_PERMITTED_NOW:
                assert known
                assert not may


@settings(max_examples=300)
@given(happenings)
def test_nobody_is_let_in_twice_without_having_been_away(happening: list[Step]) -> None:
    inside: dict[str | None, float] = {}
    """The time at which each person who was let in on this coming was last recognised."""
    for told in play(happening):
        if not isinstance(told.what, Observation):
            inside = {}
            continue
        inside = {who: at for who, at in inside.items() if told.now - at <= RULES.rearm_seconds}
        if told.decision.pulse is not None:
            who = told.decision.events[0].subject
            assert who not in inside
            inside[who] = told.now
        in_view = {s.pooled.person for s in told.what.sightings if s.pooled and beyond_doubt(s)}
        inside |= {who: told.now for who in inside if who in in_view}


@settings(max_examples=300)
@given(happenings)
def test_a_visit_has_one_grant_at_most_unless_its_pulse_came_too_late(happening: list[Step]) -> None:
    granted: set[int] = set()
    for told in play(happening):
        if isinstance(told.what, TooLate):
            granted.discard(told.what.pulse.visit)
        if told.decision.pulse is not None:
            assert told.decision.pulse.visit not in granted
            granted.add(told.decision.pulse.visit)


@given(st.lists(st.tuples(st.sampled_from([seen(), seen(None), seen(usable=False)]), st.sampled_from([0.1, 1.0]))))
def test_one_visit_is_refused_once_per_reason_at_most(views: list[tuple[Sighting, float]]) -> None:
    told = play([Step(0.1, age, (view,), too_late=False) for view, age in views])
    reasons = [event.data["reason"] for each in told for event in each.decision.events]
    assert len(reasons) == len(set(reasons))
    assert set(reasons) <= {"recognised", Denial.UNKNOWN, Denial.STALE}


@settings(max_examples=300)
@given(happenings)
def test_the_same_happenings_lead_to_the_same_decisions(happening: list[Step]) -> None:
    assert play(happening) == play(happening)
