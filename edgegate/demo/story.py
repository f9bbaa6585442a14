"""The events that the demo must have, and how what happened differs from them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from edgegate.demo.portraits import ASTRONAUT
from edgegate.events.cloudevents import TYPE_PREFIX, CloudEvent
from edgegate.events.vocabulary import Denial, EventType

ENROLLED = ASTRONAUT

EXPECTED = (
    f"{EventType.PERSON_ENROLLED} {ENROLLED.person}",
    f"{EventType.GRANTED} {ENROLLED.person} recognised",
    f"{EventType.UNLOCKED}",
    f"{EventType.LOCKED}",
    f"{EventType.DENIED} {Denial.UNKNOWN}",
)
"""One person is let in, with one pulse of the lock; the other is not."""


_UNCONFIRMED = f"{EventType.DENIED} {Denial.UNCONFIRMED}"

WITH_TRACKER = (
    EXPECTED,
    (*EXPECTED[:-1], _UNCONFIRMED),
    (*EXPECTED, _UNCONFIRMED),
    (*EXPECTED[:-1], _UNCONFIRMED, EXPECTED[-1]),
)
"""A tracker network may take the other for the enrolled person, now and then or always: nobody confirms it."""


def differences(events: Sequence[CloudEvent], *, tracker: bool = False) -> list[str]:
    """In words, what is missing and what was not expected; empty when all went as it must."""
    stories = WITH_TRACKER if tracker else (EXPECTED,)
    return min((_differences(story, events) for story in stories), key=len)


def _differences(story: Sequence[str], events: Sequence[CloudEvent]) -> list[str]:
    signs = {"-": "missing", "+": "not expected"}
    lines = difflib.ndiff(story, [_essence(event) for event in events])
    return [f"{signs[line[0]]}: {line[2:]}" for line in lines if line[0] in signs]


def _essence(event: CloudEvent) -> str:
    data = event["data"]
    words = (event["type"].removeprefix(TYPE_PREFIX), data.get("person"), data.get("reason"))
    return " ".join(str(word) for word in words if word)


def refusals(events: Sequence[CloudEvent]) -> list[str]:
    """The reasons of refusal, in order."""
    return [event["data"]["reason"] for event in events if event["type"] == TYPE_PREFIX + EventType.DENIED]
