"""Invariants of the gate, whatever happens at the door."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from edgegate.access import Calendar, HoldOpenHours, LockOutRules, Permissions, Rule, Schedule
from edgegate.access.gate import Gate, GateRules
from edgegate.access.observation import (
    ALWAYS,
    Candidate,
    Decision,
    Observation,
    Released,
    Sighting,
    TooLate,
    Validity,
)
from edgegate.door.pulse import Pulse
from edgegate.events.vocabulary import Denial, EventType
from edgegate.types import Prediction
from tests.support.fakes import box_at, seen

RULES = GateRules(max_frame_age=0.5, rearm_seconds=5.0, decide_after_frames=3, refuse_after_frames=6, margin=0.02)

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

scores = st.sampled_from([0.5, 0.94, 0.95, 0.99])
validity = st.sampled_from([ALWAYS] * 3 + [Validity(since=103.0), Validity(until=102.0), Validity(101.0, 110.0)])
candidates = st.none() | st.builds(
    Candidate,
    st.sampled_from(["ann", "ben"]),
    scores,
    st.just(0.95),
    st.sampled_from([0.0, 0.02, 0.5]),
    validity,
    st.sampled_from([(), ("staff",), ("guards", "staff"), ("guards",), ("cleaners",)]),
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
    prediction=st.sampled_from([None, Prediction("Ann", 0.97), Prediction(None, 0.6)]),
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
recognised_in_a_group = st.builds(
    lambda sighting, groups: replace(sighting, pooled=replace(sighting.pooled, groups=groups)),
    recognised,
    st.sampled_from([("guards",), ("guards", "staff"), ("staff",), ("staff",), ("cleaners",), ()]),
)
strangers = st.builds(lambda track: replace(seen(None, track=track), frames=9), st.integers(5, 9))


@dataclass(frozen=True)
class Step:
    """One thing that happens: some time after the last, a frame of some age; or the last pulse was too late."""

    after: float
    age: float
    view: tuple[Sighting, ...]
    too_late: bool
    trusted: bool = True
    barred: Denial | None = None
    held: bool = False
    released: bool = False
    """Staff end a lock-out."""


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

    what: Observation | TooLate | Released
    now: float
    decision: Decision


def play(happening: list[Step], rules: GateRules = RULES) -> list[Told]:
    gate = Gate(rules, "embedder-1")
    clock, now = 100.0, float("-inf")
    pulse: Pulse | None = None
    told = []
    for step in happening:
        clock += step.after
        now = max(now, clock)
        late = step.too_late and pulse is not None
        frame_at = clock - step.age
        seen_now = Observation(clock, frame_at, clock, step.view, clock, step.trusted, step.barred, step.held)
        what: Observation | TooLate | Released = TooLate(clock, pulse) if late and pulse else seen_now
        if step.released:
            what, late = Released(clock), True
        decision = gate.observe(what)
        pulse = decision.pulse if not late else None
        told.append(Told(what, now, decision))
    return told


def beyond_doubt(sighting: Sighting) -> bool:
    """Rule 3 as a checklist, written here a second time."""
    pooled, own = sighting.pooled, sighting.own
    if not sighting.usable or sighting.frames < RULES.decide_after_frames or pooled is None or own is None:
        return False
    if sighting.prediction is not None and sighting.prediction.name is None:
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


# With rules of access, a lock-out and hold-open hours.


@given(strict_happenings)
def test_with_rules_only_they_let_anybody_in_at_the_right_time_with_a_clock_where_it_matters(
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
def test_the_door_is_held_open_only_within_its_hours_after_somebody_was_let_in_and_told_before(
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
