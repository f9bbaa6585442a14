"""The gate's rules by example: permissions, refusals, networks that name people, late pulses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgegate.access.observation import Decision, Sighting, Validity
from edgegate.events.vocabulary import EventType
from edgegate.types import Prediction
from tests.support.fakes import seen
from tests.support.gate_door import FRAME, STRANGER, Door

# Rule 3: when somebody may enter.


@pytest.fixture
def door() -> Door:
    return Door()


def may(since: float = float("-inf"), until: float = float("inf"), who: str = "ann") -> Sighting:
    """Somebody recognised beyond doubt who may enter from `since` until before `until`."""
    return seen(who, validity=Validity(since, until))


def test_a_permission_begins_and_ends_at_its_moment_and_not_a_frame_later(door: Door) -> None:
    door.see(may(since=101.0), frames=9)
    assert (door.granted, door.refused) == ([], ["not_permitted_now"])
    assert door.events[0].subject == "ann"
    door.see(may(since=door.now + FRAME))
    assert door.granted == ["ann"]
    door.wait(6)
    door.see(may(until=door.now + FRAME), frames=3)
    assert (door.granted, door.refused) == (["ann"], ["not_permitted_now"] * 2)
    door.wait(6)
    door.see(may(until=door.now + FRAME + 1e-6))
    assert door.granted == ["ann", "ann"]


def test_a_permission_that_ends_while_somebody_stands_there_lets_nobody_in(door: Door) -> None:
    door.see(replace(may(until=100.5), frames=2), frames=5)
    door.see(may(until=100.5), frames=20)
    assert (door.granted, door.refused) == ([], ["not_permitted_now"])


def test_who_depends_on_the_time_is_refused_until_the_clock_is_trusted(door: Door) -> None:
    door.trusted = False
    door.see(may(since=0.0, until=1e9), frames=10)
    assert (door.granted, door.refused) == ([], ["clock_unsynchronized"])
    door.trusted = True
    door.see(may(since=0.0, until=1e9))
    assert door.granted == ["ann"]


def test_who_may_enter_at_any_time_needs_no_clock(door: Door) -> None:
    door.trusted = False
    door.see(seen())
    assert door.granted == ["ann"]


def test_an_old_frame_is_stale_before_it_is_forbidden(door: Door) -> None:
    door.see(may(until=0.0), age=0.6)
    assert door.refused == ["stale"]
    door.see(may(until=0.0))
    assert door.refused == ["stale", "not_permitted_now"]


# Rules 4 and 5: refusals.


def test_a_stranger_is_refused_once_after_enough_usable_frames(door: Door) -> None:
    door.see(STRANGER, frames=3)
    door.see(seen(usable=False), frames=50)
    door.see(STRANGER, frames=2)
    assert door.events == []
    door.see(STRANGER)
    (event,) = door.events
    assert (event.type, event.subject, event.data["reason"]) == (EventType.DENIED, None, "unknown")
    door.see(STRANGER, frames=500)
    assert door.refused == ["unknown"]


def test_where_nobody_is_enrolled_the_refusal_has_no_score(door: Door) -> None:
    door.see(replace(STRANGER, pooled=None, own=None), frames=6)
    assert (door.events[0].data["score"], door.events[0].data["threshold"]) == (None, None)


def test_who_was_refused_may_still_be_let_in(door: Door) -> None:
    door.see(STRANGER, frames=6)
    door.see(seen())
    assert (door.refused, door.granted) == (["unknown"], ["ann"])


def test_who_was_let_in_is_not_refused_afterwards(door: Door) -> None:
    door.see(seen())
    door.see(STRANGER, frames=50)
    assert door.refused == []


def test_a_stranger_who_comes_again_is_refused_again(door: Door) -> None:
    for track in (1, 2, 3):
        door.see(seen(None, track=track), frames=10)
        door.wait(6)
    assert door.refused == ["unknown"] * 3


# Rules 3 and 4 where a tracker network is asked.

NAMED, NAMELESS = Prediction("Ann", 0.97), Prediction(None, 0.6)


def test_who_is_named_and_confirmed_is_let_in_and_the_record_says_how_sure_it_was(
    door: Door,
) -> None:
    decision = door.see(replace(seen(), prediction=NAMED))
    assert door.granted == ["ann"]
    assert decision.events[0].data["confidence"] == 0.97
    assert "Ann" not in str(decision.events[0].data), "names stay out of the journal"


def test_who_is_named_and_not_confirmed_is_refused_as_unconfirmed_once(door: Door) -> None:
    claimed = replace(STRANGER, prediction=NAMED)
    door.see(claimed, frames=5)
    assert door.events == []
    door.see(claimed, frames=500)
    (event,) = door.events
    assert (event.type, event.subject) == (EventType.DENIED, None)
    assert (event.data["reason"], event.data["score"]) == ("unconfirmed", 0.5)


def test_whom_the_network_does_not_name_is_refused_as_unknown(door: Door) -> None:
    door.see(replace(STRANGER, prediction=NAMELESS, pooled=None, own=None), frames=500)
    assert door.refused == ["unknown"]
    assert door.events[0].data["confidence"] == 0.6


def test_each_reason_has_its_own_count_of_frames(door: Door) -> None:
    claimed, nameless = (
        replace(STRANGER, prediction=NAMED),
        replace(STRANGER, prediction=NAMELESS, pooled=None, own=None),
    )
    for _ in range(5):
        door.see(claimed)
        door.see(nameless)
    assert door.refused == []
    door.see(nameless)
    assert door.refused == ["unknown"]
    door.see(claimed, frames=100)
    assert door.refused == ["unknown", "unconfirmed"]


def test_who_was_unconfirmed_may_still_be_let_in(door: Door) -> None:
    door.see(replace(STRANGER, prediction=NAMED), frames=6)
    door.see(replace(seen(), prediction=NAMED))
    assert (door.refused, door.granted) == (["unconfirmed"], ["ann"])


def test_a_face_too_poor_to_be_embedded_counts_for_nothing_whatever_is_claimed_of_it(door: Door) -> None:
    door.see(replace(seen(usable=False), prediction=NAMED), frames=100)
    assert door.events == []


# Rule 6: the lock has the last word.


def test_a_pulse_that_came_too_late_is_refused_as_stale_and_the_visit_is_open_again(door: Door) -> None:
    pulse = door.see(seen(), age=0.4).pulse
    assert pulse is not None
    door.now += 0.3
    (event,) = door.too_late(pulse).events
    assert (event.subject, event.data["reason"], event.data["frame_age_ms"]) == ("ann", "stale", 700)
    door.see(seen(), frames=5)
    assert door.granted == ["ann", "ann"]


def test_a_late_word_is_about_its_own_visit_and_counts_once(door: Door) -> None:
    door.see(seen("ann", track=1))
    pulse = door.see(seen("ben", track=2)).pulse
    assert pulse is not None
    assert [event.subject for event in door.too_late(pulse).events] == ["ben"]
    assert door.too_late(pulse) == Decision()
    door.see(seen("ann", track=1))
    door.see(seen("ben", track=2))
    assert door.granted == ["ann", "ben", "ben"]


def test_who_was_too_late_may_be_refused_as_unknown_later(door: Door) -> None:
    pulse = door.see(seen()).pulse
    assert pulse is not None
    door.too_late(pulse)
    door.see(STRANGER, frames=10)
    assert door.refused == ["stale", "unknown"]


def test_a_late_word_about_a_visit_that_is_over_changes_nothing(door: Door) -> None:
    pulse = door.see(seen()).pulse
    assert pulse is not None
    door.wait(6)
    assert door.too_late(pulse) == Decision()
    assert door.too_late(replace(pulse, visit=99)) == Decision()
