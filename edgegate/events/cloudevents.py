"""Events on the wire: CloudEvents 1.0, structured JSON, one object an event.

The journal, `replay` and MQTT carry the same object, but for `data.person`: the journal keeps only the opaque id
in `subject`; the name is filled in where an event is shown or published.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from edgegate.clock import rfc3339
from edgegate.events.vocabulary import Event, EventType

CloudEvent: TypeAlias = dict[str, Any]
Names: TypeAlias = Callable[[str], str | None]
"""From a person's opaque id to the name, or None for somebody who was forgotten."""

TYPE_PREFIX = "io.edgegate."


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of events: `boot` is new at every start of the daemon."""

    site: str
    door: str
    boot: str


def to_cloudevent(event: Event, origin: Origin, seq: int, wall_of: Callable[[float], float]) -> CloudEvent:
    """The event as staff see it, its monotonic times (`at`, `data.frame_at`) turned into RFC 3339."""
    data = dict(event.data)
    if "frame_at" in data:
        data["frame_at"] = rfc3339(wall_of(data["frame_at"]))
    body: CloudEvent = {
        "specversion": "1.0",
        "id": f"{origin.door}/{origin.boot}/{seq}",
        "source": f"/edgegate/{origin.site}/{origin.door}",
        "type": TYPE_PREFIX + event.type,
        "time": rfc3339(wall_of(event.at)),
    }
    if event.subject is not None:
        body["subject"] = event.subject
    return body | {"data": data}


def with_name(event: CloudEvent, names: Names) -> CloudEvent:
    """A copy with the person's name filled in, where the event is about a person who is still enrolled.

    That somebody was forgotten is told without the name, whether or not `names` has learnt of it.
    """
    if "person" not in event["data"] or event["type"] == TYPE_PREFIX + EventType.PERSON_FORGOTTEN:
        return event
    name = names(event["subject"]) if "subject" in event else None
    return event | {"data": event["data"] | {"person": name}}


def dumps(event: CloudEvent) -> str:
    """One line of JSON, keys in their written order; half a surrogate pair, no text, becomes a question mark."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(errors="replace").decode()
