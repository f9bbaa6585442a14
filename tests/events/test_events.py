"""Events on the wire: CloudEvents, their times, and where a name may stand."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.clock import rfc3339
from edgegate.events.cloudevents import TYPE_PREFIX, Origin, dumps, to_cloudevent, with_name
from edgegate.events.vocabulary import Event, EventType

NEW_YEAR = 1_767_225_600.0  # 2026-01-01T00:00:00Z
ORIGIN = Origin("home", "front", "b1")


def wall(at: float) -> float:
    return NEW_YEAR + at


def test_an_event_is_a_cloudevent_with_its_keys_in_order() -> None:
    event = Event(EventType.GRANTED, 3.2, "p1", {"reason": "recognised", "person": None, "frame_at": 3.05})
    assert dumps(to_cloudevent(event, ORIGIN, 7, wall)) == (
        '{"specversion":"1.0","id":"front/b1/7","source":"/edgegate/home/front",'
        '"type":"io.edgegate.access.granted","time":"2026-01-01T00:00:03.200Z","subject":"p1",'
        '"data":{"reason":"recognised","person":null,"frame_at":"2026-01-01T00:00:03.050Z"}}'
    )


def test_an_event_about_nobody_has_no_subject_and_always_has_data() -> None:
    event = to_cloudevent(Event(EventType.LOCKED, 0.0), ORIGIN, 1, wall)
    assert "subject" not in event
    assert event["data"] == {}


def test_telling_an_event_does_not_change_it() -> None:
    event = Event(EventType.DENIED, 1.0, data={"frame_at": 0.9})
    assert to_cloudevent(event, ORIGIN, 1, wall) == to_cloudevent(event, ORIGIN, 1, wall)
    assert event.data == {"frame_at": 0.9}


@pytest.mark.parametrize("kind", EventType)
def test_every_type_carries_the_projects_prefix(kind: EventType) -> None:
    event = to_cloudevent(Event(kind, 0.0), ORIGIN, 1, wall)
    assert event["type"] == f"{TYPE_PREFIX}{kind.value}"


@given(st.floats(0, 4e9))
def test_times_are_utc_to_the_millisecond(at: float) -> None:
    text = rfc3339(at)
    assert len(text) == len("2026-01-01T00:00:03.200Z")
    assert text.endswith("Z")
    assert datetime.fromisoformat(text).timestamp() == pytest.approx(at, abs=1.1e-3)


def test_a_name_is_filled_in_only_where_an_event_is_shown() -> None:
    kept = to_cloudevent(Event(EventType.GRANTED, 0.0, "p1", {"person": None, "score": 0.97}), ORIGIN, 1, wall)
    shown = with_name(kept, {"p1": "Zoë"}.get)
    assert shown["data"] == {"person": "Zoë", "score": 0.97}
    assert kept["data"]["person"] is None
    assert json.loads(dumps(shown)) == shown
    assert "Zoë" in dumps(shown)


def test_who_was_forgotten_or_never_known_has_no_name() -> None:
    forgotten = to_cloudevent(Event(EventType.GRANTED, 0.0, "p1", {"person": None}), ORIGIN, 1, wall)
    unknown = to_cloudevent(Event(EventType.DENIED, 0.0, None, {"person": None}), ORIGIN, 2, wall)
    for event in (forgotten, unknown):
        assert with_name(event, {"p2": "Ann"}.get) == event


def test_an_event_that_is_about_no_person_gets_none() -> None:
    event = to_cloudevent(Event(EventType.LOCKED, 0.0, data={"pin": 17}), ORIGIN, 1, wall)
    assert with_name(event, {"p1": "Ann"}.get) == event


def test_that_somebody_was_forgotten_is_told_without_the_name() -> None:
    """A snapshot of names in memory may not know of it yet."""
    event = {"type": f"{TYPE_PREFIX}person.forgotten", "subject": "p1", "data": {"person": None}}
    assert with_name(event, {"p1": "Ann"}.get) == event
