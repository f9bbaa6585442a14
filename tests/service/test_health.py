"""Faults, fed with times: the events, the state, and that a fault that comes and goes is no flood."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.events.vocabulary import Event, EventType
from edgegate.service.health import LONGEST_STEADY_SECONDS, STEADY_SECONDS, Health

LOOK = 0.25


def in_words(events: Iterable[Event]) -> list[str]:
    return [f"{event.type.removeprefix('service.')} {event.data['part']}: {event.data['reason']}" for event in events]


class Watched:
    """A Health that is looked at four times a second."""

    def __init__(self) -> None:
        self.health = Health()
        self.now = 0.0
        self.events: list[Event] = []

    def stay(self, seconds: float, **faults: str | None) -> list[str]:
        """Lets time pass with these faults. Returns the events meanwhile, in words."""
        end, before = self.now + seconds, len(self.events)
        while self.now < end:
            self.events += self.health.look(self.now, faults)
            self.now += LOOK
        return in_words(self.events[before:])


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_a_fault_is_reported_once_and_shown_until_it_was_gone_for_a_while(watched: Watched) -> None:
    assert watched.stay(10, disk=None) == []
    assert watched.stay(10, disk="5 MB free") == ["degraded disk: 5 MB free"]
    assert watched.health.degraded == {"disk": "5 MB free"}
    assert watched.stay(1, disk="4 MB free") == []
    assert watched.health.degraded == {"disk": "4 MB free"}
    assert watched.stay(STEADY_SECONDS, disk=None) == []
    assert watched.stay(1, disk=None) == ["recovered disk: 4 MB free"]
    assert watched.health.degraded == {}
    assert [event.at for event in watched.events] == [11.0, 23.0]


def test_a_fault_gone_at_once_is_not_reported_and_a_broker_has_longer(watched: Watched) -> None:
    for _ in range(10):
        assert watched.stay(0.5, gallery="locked", broker="restarting") == []
        assert watched.stay(0.5, gallery=None, broker="restarting") == []
        assert watched.stay(0.5, gallery=None, broker=None) == []
    assert watched.stay(LOOK, journal="disk full", lock="gone") == [
        "degraded journal: disk full",
        "degraded lock: gone",
    ]
    assert watched.stay(9, broker="gone") == []
    assert watched.stay(3, broker="gone") == ["degraded broker: gone"]


def test_parts_do_not_disturb_each_other(watched: Watched) -> None:
    assert watched.stay(2, disk="full", clock=None) == ["degraded disk: full"]
    assert watched.stay(2, disk="full", clock="unsynchronized") == ["degraded clock: unsynchronized"]
    assert watched.health.degraded == {"clock": "unsynchronized", "disk": "full"}


def test_what_has_events_of_its_own_is_only_shown(watched: Watched) -> None:
    assert watched.stay(0.25, camera="no frames") == []
    assert watched.health.degraded == {"camera": "no frames"}
    assert watched.stay(0.25, camera=None) == []
    assert watched.health.degraded == {}


def test_what_comes_and_goes_must_be_well_for_longer_each_time(watched: Watched) -> None:
    assert len(watched.stay(2, lock="gone")) == 1
    waits = []
    for _ in range(7):
        began = watched.now
        while not watched.stay(LOOK, lock=None):
            pass
        waits.append(watched.now - began)
        assert len(watched.stay(2, lock="gone")) == 1
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(LONGEST_STEADY_SECONDS, abs=1)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.floats(0.25, 8)), max_size=60))
def test_however_it_flaps_events_alternate_and_are_few(moods: list[tuple[str | None, float]]) -> None:
    watched = Watched()
    for reason, seconds in moods:
        watched.stay(seconds, lock=reason)
    kinds = [event.type for event in watched.events]
    assert kinds[::2] == [EventType.DEGRADED] * len(kinds[::2])
    assert kinds[1::2] == [EventType.RECOVERED] * len(kinds[1::2])
    assert ("lock" in watched.health.degraded) == (len(kinds) % 2 == 1)
    times = [event.at for event in watched.events]
    assert all(sum(at <= other < at + 60 for other in times) <= 12 for at in times)
