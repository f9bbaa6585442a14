"""What must happen in the demo, and how what happened differs from it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from edgegate.demo.portraits import ASTRONAUT
from edgegate.events import TYPE_PREFIX, CloudEvent
from edgegate.types import Denial, EventType

ENROLLED = ASTRONAUT

EXPECTED = (
    f"{EventType.PERSON_ENROLLED} {ENROLLED.person}",
    f"{EventType.GRANTED} {ENROLLED.person} recognised",
    f"{EventType.UNLOCKED}",
    f"{EventType.LOCKED}",
    f"{EventType.DENIED} {Denial.UNKNOWN}",
)
"""One person is let in, with one pulse of the lock; the other is not."""


def differences(events: Sequence[CloudEvent]) -> list[str]:
    """In words, what is missing and what was not expected; empty when all went as it must."""
    signs = {"-": "missing", "+": "not expected"}
    lines = difflib.ndiff(EXPECTED, [_essence(event) for event in events])
    return [f"{signs[line[0]]}: {line[2:]}" for line in lines if line[0] in signs]


def _essence(event: CloudEvent) -> str:
    data = event["data"]
    words = (event["type"].removeprefix(TYPE_PREFIX), data.get("person"), data.get("reason"))
    return " ".join(str(word) for word in words if word)
