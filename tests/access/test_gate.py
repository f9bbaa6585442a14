"""The rules that decide who enters, each by example; what holds whatever happens is in `test_gate_invariants`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgegate.access.gate import Gate
from edgegate.access.observation import Candidate, Decision, Observation, Sighting
from edgegate.door.pulse import Pulse
from edgegate.events.vocabulary import EventType
from edgegate.types import Prediction
from tests.support.fakes import box_at, seen
from tests.support.gate_door import RULES, STRANGER, Door


@pytest.fixture
def door() -> Door:
    return Door()


def doubtful(track: int = 1) -> Sighting:
    """Somebody on a recognised track whose own frame looks like somebody else."""
    return seen("ann", track=track, own=Candidate("ben", 0.97, 0.9, 0.1))


def test_a_recognised_person_is_let_in_once_with_a_pulse_and_a_full_record() -> None:
    decision = Gate(RULES, "embedder-1").observe(
        Observation(at=10.0, frame_at=9.8, received_at=9.95, sightings=(seen(),))
    )
    (event,) = decision.events
    assert (event.type, event.at, event.subject) == (EventType.GRANTED, 10.0, "ann")
    assert event.data == {
        "reason": "recognised",
        "track": 1,
        "person": None,
        "score": 0.98,
        "threshold": 0.95,
        "frames": 5,
        "frame_at": 9.8,
        "frame_age_ms": 200,
        "latency_ms": 50,
        "model": "embedder-1",
        "box": (150, -50, 250, 50),
        "others": [],
    }
    assert decision.pulse == Pulse(seconds=3.0, not_after=9.8 + 0.5, visit=1)


def test_where_nobody_is_in_view_nothing_is_decided(door: Door) -> None:
    assert door.see() == Decision()


# Rule 1: the nearest decides.


def test_the_nearest_face_decides_and_the_others_are_recorded(door: Door) -> None:
    far = replace(seen("ben", track=2), box=box_at(500.0, size=60.0))
    decision = door.see(far, seen("ann", track=1))
    assert door.granted == ["ann"]
    assert decision.events[0].data["others"] == [{"track": 2, "box": (470, -30, 530, 30)}]


def test_an_enrolled_person_behind_a_stranger_opens_nothing(door: Door) -> None:
    door.see(seen("ann", track=2, size=60), STRANGER, frames=20)
    assert door.granted == []
    assert door.refused == ["unknown"]


def test_while_the_nearest_face_is_too_poor_to_say_anything_nobody_is_let_in(door: Door) -> None:
    assert door.see(seen(usable=False), seen("ben", track=2, size=60), frames=20) == Decision()
    assert door.events == []


# Rule 2: what a visit is.


def test_somebody_who_stands_there_for_minutes_is_let_in_once(door: Door) -> None:
    door.see(seen(), frames=3000)
    assert door.granted == ["ann"]
    assert door.refused == []


def test_who_comes_back_too_soon_is_still_the_same_visit(door: Door) -> None:
    door.see(seen(track=1))
    door.wait(4.8)
    door.see(seen(track=2), frames=10)
    door.wait(4.8)
    door.see(seen(track=3), frames=10)
    assert door.granted == ["ann"]


def test_who_was_away_for_long_enough_is_a_new_visit(door: Door) -> None:
    door.see(seen(track=1))
    door.wait(5.2)
    door.see(seen(track=2), frames=10)
    assert door.granted == ["ann", "ann"]
    assert [pulse.visit for pulse in door.pulses] == [1, 2]


def test_standing_in_the_background_keeps_a_visit_alive(door: Door) -> None:
    door.see(seen("ann"))
    door.see(seen("ben", track=2, size=200), Sighting(1, 1, box_at(500.0)), frames=60)
    door.see(seen("ann"), frames=5)
    assert door.granted == ["ann", "ben"]


def test_a_face_that_cannot_be_embedded_keeps_its_visit_alive(door: Door) -> None:
    door.see(seen())
    door.see(seen(usable=False), frames=100)
    door.see(seen())
    assert door.granted == ["ann"]


def test_tracks_that_tracking_joins_are_one_visit_whoever_they_show(door: Door) -> None:
    door.see(seen(None, track=1), frames=5)
    door.see(seen(None, track=2, visit=1), frames=5)
    assert door.refused == ["unknown"]
    door.see(seen(None, track=4, visit=3), frames=3)
    door.see(seen(None, track=5, visit=3), frames=3)
    assert door.refused == ["unknown", "unknown"]


def test_people_who_take_turns_in_front_are_each_let_in_once(door: Door) -> None:
    for _ in range(5):
        door.see(seen("ann", track=1), seen("ben", track=2, size=60), frames=5)
        door.see(seen("ben", track=2), seen("ann", track=1, size=60), frames=5)
    assert door.granted == ["ann", "ben"]


def test_who_is_recognised_in_another_ones_track_gets_a_grant_of_their_own(door: Door) -> None:
    door.see(seen("ann", track=1))
    door.see(seen("ben", track=1), frames=10)
    door.see(seen("ann", track=2), frames=10)
    door.see(seen("ben", track=1), frames=10)
    assert door.granted == ["ann", "ben"]


def test_who_took_over_a_track_is_kept_in_view_by_it_and_the_other_one_is_not(door: Door) -> None:
    door.see(seen("ann", track=1))
    door.see(seen("ben", track=1))
    door.see(seen(track=1, usable=False), frames=60)
    door.see(seen("ben", track=1), frames=5)
    door.see(seen("ann", track=2), frames=5)
    assert door.granted == ["ann", "ben", "ann"]


def test_a_visit_remembers_who_it_is_through_poor_frames(door: Door) -> None:
    door.see(seen("ann", track=1))
    door.see(seen(track=1, usable=False))
    door.see(seen("ann", track=2), frames=5)
    assert door.granted == ["ann"]


# Rule 3: what a grant needs.


@pytest.mark.parametrize(
    "sighting",
    [
        pytest.param(seen(usable=False), id="no embedding in this frame"),
        pytest.param(replace(seen(), usable=False), id="a pooled match, but not in view"),
        pytest.param(seen(frames=2), id="too few frames pooled"),
        pytest.param(seen(score=0.949), id="pooled score below its threshold"),
        pytest.param(seen(score=float("nan")), id="no score at all"),
        pytest.param(seen(margin=0.019), id="too close to the runner-up"),
        pytest.param(replace(seen(), pooled=None), id="nobody enrolled"),
        pytest.param(replace(seen(), own=None), id="nothing from this frame alone"),
        pytest.param(replace(seen(), prediction=Prediction(None, 0.95)), id="the tracker network names nobody"),
        pytest.param(doubtful(), id="this frame looks like somebody else"),
        pytest.param(seen(own=Candidate("ann", 0.89, 0.9, 0.1)), id="this frame below its own threshold"),
    ],
)
def test_nobody_is_let_in_when_one_thing_is_missing(door: Door, sighting: Sighting) -> None:
    door.see(sighting, frames=5)
    assert door.events == []
    assert door.pulses == []


def test_what_is_just_enough_is_enough(door: Door) -> None:
    own = Candidate("ann", 0.9, 0.9, 0.0)
    decision = door.gate.observe(Observation(10.5, 10.0, 10.0, (seen(frames=3, score=0.95, margin=0.02, own=own),)))
    assert decision.pulse is not None


def test_a_stranger_who_steps_into_a_recognised_track_gets_nothing(door: Door) -> None:
    door.see(seen(frames=2))
    door.see(doubtful(), frames=3)
    assert door.granted == []


def test_a_stranger_who_steps_into_a_granted_track_gets_nothing(door: Door) -> None:
    door.see(seen())
    door.see(doubtful(), frames=100)
    assert len(door.events) == 1


def test_an_old_frame_opens_nothing_and_a_fresh_one_still_does(door: Door) -> None:
    door.see(seen(), age=0.6, frames=10)
    assert (door.granted, door.refused) == ([], ["stale"])
    assert door.events[0].subject == "ann"
    assert door.events[0].data["frame_age_ms"] == 600
    door.see(seen(), age=0.4)
    assert door.granted == ["ann"]


def test_a_frame_from_the_future_is_a_wrong_clock_and_opens_nothing(door: Door) -> None:
    door.see(seen(), age=-0.6, frames=10)
    assert (door.granted, door.refused) == ([], ["stale"])


def test_a_frame_slightly_ahead_of_time_lengthens_no_pulse_s_life(door: Door) -> None:
    decision = door.see(seen(), age=-0.1)
    assert decision.pulse is not None
    assert decision.pulse.not_after == door.now + RULES.max_frame_age


def test_time_that_runs_backwards_stands_still(door: Door) -> None:
    door.see()
    ahead = door.now
    stale = Observation(ahead - 60, ahead - 60, ahead - 60, (seen(),))
    (event,) = door.gate.observe(stale).events
    assert (event.at, event.data["reason"]) == (ahead, "stale")
