"""The faults that the daemon wrote down, for `check`: also those that cannot be seen from outside."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edgegate import journal
from edgegate.events.cloudevents import TYPE_PREFIX, CloudEvent
from edgegate.events.vocabulary import EventType

_BEGIN = {EventType.DEGRADED: EventType.RECOVERED, EventType.CAMERA_STALLED: EventType.CAMERA_RECOVERED}
_END = {end: begin for begin, end in _BEGIN.items()}
_LIFE = (EventType.SERVICE_STARTED, EventType.SERVICE_STOPPED)


def service(path: Path) -> tuple[bool, str]:
    """Returns True if all was well at last, and the service's status by the journal at `path`. Raises JournalError."""
    last = journal.last_of(path, *_LIFE) if path.exists() else None
    if last is None:
        return True, "not started yet"
    reason = last["data"].get("reason")
    if last["type"] == TYPE_PREFIX + EventType.SERVICE_STOPPED:
        stopped = f"stopped at {last['time']}"
        return reason is None, stopped if reason is None else f"{stopped}: {reason}; see its log"
    remarks = [] if reason is None else [f"{reason}; see its log"]
    remarks += _open(journal.after(path, last))
    return not remarks, "; ".join([f"started at {last['time']}", *remarks])


def _open(events: Iterable[CloudEvent]) -> list[str]:
    """Returns the parts that were degraded and have not recovered, with their reasons."""
    faults: dict[str, str] = {}
    for event in events:
        kind, data = event["type"].removeprefix(TYPE_PREFIX), event["data"]
        part = data.get("part", "camera")
        if kind in _BEGIN:
            faults[part] = data.get("reason", "")
        elif kind in _END:
            faults.pop(part, None)
    return [f"{part}: {reason}" for part, reason in faults.items()]
