"""Made-up happenings before a gate, and what it makes of them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

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
from edgegate.events.vocabulary import Denial
from edgegate.types import Prediction
from tests.support.fakes import box_at, seen

RULES = GateRules(max_frame_age=0.5, rearm_seconds=5.0, decide_after_frames=3, refuse_after_frames=6, margin=0.02)


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
