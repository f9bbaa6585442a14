"""What must hold at the gate whatever happens at the door."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from edgegate.gate import Gate, Rules
from edgegate.types import (
    ALWAYS,
    Candidate,
    Claim,
    Decision,
    Denial,
    EventType,
    Observation,
    Pulse,
    Sighting,
    TooLate,
    Validity,
)
from tests.fakes import box_at, seen

RULES = Rules(max_frame_age=0.5, rearm_seconds=5.0, decide_after_frames=3, refuse_after_frames=6, margin=0.02)

scores = st.sampled_from([0.5, 0.94, 0.95, 0.99])
validity = st.sampled_from([ALWAYS] * 3 + [Validity(since=103.0), Validity(until=102.0), Validity(101.0, 110.0)])
candidates = st.none() | st.builds(
    Candidate, st.sampled_from(["ann", "ben"]), scores, st.just(0.95), st.sampled_from([0.0, 0.02, 0.5]), validity
)
tracks, sizes = st.integers(1, 4), st.sampled_from([50.0, 100.0, 200.0])
anything = st.builds(
    Sighting,
    track=tracks,
    visit=tracks,
    box=st.builds(box_at, st.just(100.0), size=sizes),
    frames=st.integers(2, 4),
    usable=st.booleans(),
    pooled=candidates,
    own=candidates,
    claim=st.sampled_from([None, Claim("Ann", 0.97), Claim(None, 0.6)]),
)
recognised = st.builds(seen, st.sampled_from(["ann", "ben"]), track=tracks, visit=tracks, size=sizes, validity=validity)
nearly = st.builds(
    lambda flaw, **where: seen("ann", **flaw, **where),
    st.sampled_from([
        {"frames": 2}, {"score": 0.94}, {"margin": 0.01}, {"usable": False},
        {"own": Candidate("ann", 0.89, 0.9, 0.1)}, {"own": Candidate("ben", 0.97, 0.9, 0.1)},
    ]),
    track=tracks,
    size=sizes,
)  # fmt: skip
"""Recognised, but for one thing."""
sightings = anything | recognised | recognised | nearly


@dataclass(frozen=True)
class Step:
    """One thing that happens: some time after the last, a frame of some age; or the last pulse was too late."""

    after: float
    age: float
    view: tuple[Sighting, ...]
    too_late: bool
    trusted: bool = True
    barred: Denial | None = None


steps = st.builds(
    Step,
    st.sampled_from([-1.0, 0.0, 0.1, 0.1, 0.1, 2.0, 6.0]),
    st.sampled_from([0.1] * 8 + [0.0, 0.5, 0.6, 10.0, -0.4, -0.6, -10.0]),
    st.lists(sightings, max_size=3).map(tuple),
    st.sampled_from([False] * 5 + [True]),
    st.sampled_from([True] * 5 + [False]),
    st.sampled_from([None] * 8 + [Denial.LOCKDOWN, Denial.LOCK_FAULT]),
)
happenings = st.lists(steps, max_size=40)


@dataclass
class Told:
    """One input, the time the gate must take it to be, and what it decided."""

    what: Observation | TooLate
    now: float
    decision: Decision


def play(happening: list[Step]) -> list[Told]:
    gate = Gate(RULES, "embedder-1")
    clock, now = 100.0, float("-inf")
    pulse: Pulse | None = None
    told = []
    for step in happening:
        clock += step.after
        now = max(now, clock)
        late = step.too_late and pulse is not None
        frame_at = clock - step.age
        seen_now = Observation(clock, frame_at, clock, step.view, clock, step.trusted, step.barred)
        what = TooLate(clock, pulse) if late and pulse else seen_now
        decision = gate.observe(what)
        pulse = decision.pulse if not late else None
        told.append(Told(what, now, decision))
    return told


def beyond_doubt(sighting: Sighting) -> bool:
    """Rule 3 as a checklist, written here a second time."""
    pooled, own = sighting.pooled, sighting.own
    if not sighting.usable or sighting.frames < RULES.decide_after_frames or pooled is None or own is None:
        return False
    if sighting.claim is not None and sighting.claim.name is None:
        return False
    sure = pooled.score >= pooled.threshold and own.score >= own.threshold
    return sure and pooled.margin >= RULES.margin and own.person == pooled.person


@settings(max_examples=300)
@given(happenings)
def test_a_grant_and_a_pulse_always_come_together(happening: list[Step]) -> None:
    for told in play(happening):
        grants = [event for event in told.decision.events if event.type is EventType.GRANTED]
        assert len(grants) == (told.decision.pulse is not None)
        assert len(told.decision.events) <= 1


@settings(max_examples=300)
@given(happenings)
def test_every_grant_is_for_the_nearest_person_in_view_now_beyond_doubt_in_a_fresh_frame(
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
        if isinstance(told.what, TooLate):
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
    """When each person who was let in on this coming was last recognised."""
    for told in play(happening):
        if isinstance(told.what, TooLate):
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
