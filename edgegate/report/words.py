"""Events and counts in words that need no explanation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from edgegate.events.cloudevents import CloudEvent
from edgegate.events.vocabulary import Denial, EventType
from edgegate.report.record import RecordedDecision, kind_of

_REFUSALS = {
    Denial.UNKNOWN: "The face was seen clearly, and it matches nobody who is enrolled.",
    Denial.UNCONFIRMED: "The network trained on the people here named somebody, and the embedder did not confirm it.",
    Denial.STALE: "The face was recognised, but the picture was too old by then to open a door on.",
    Denial.NOT_PERMITTED_NOW: "The face was recognised, and this person may not enter at this time.",
    Denial.NOT_PERMITTED_HERE: "The face was recognised, and no rule lets this person in at this door.",
    Denial.LOCKED_OUT: "The face was recognised, but so many others had been refused that no face opens the door now.",
    Denial.LOCKDOWN: "The face was recognised, but in lockdown nobody is let in.",
    Denial.LOCK_FAULT: "The face was recognised, but the lock could not be opened.",
    Denial.CLOCK_UNSYNCHRONIZED: "The face was recognised, but this door did not know the time, on which it depends.",
}

_HAPPENED = {
    EventType.UNLOCKED: "The lock opened",
    EventType.LOCKED: "The lock closed",
    EventType.LOCK_FAULT: "The lock has a fault",
    EventType.REQUEST_REFUSED: "The lock keeper refused a request",
    EventType.UNUSED: "The lock opened, and nobody went in",
    EventType.LOCKOUT_STARTED: "Lock-out: for a while no face opens the door",
    EventType.LOCKOUT_ENDED: "The lock-out ended",
    EventType.HOLD_OPEN_STARTED: "The hours begin in which the door stands open",
    EventType.HOLD_OPEN_ENDED: "The door stands open no longer",
    EventType.EXIT_REQUESTED: "Somebody asked to leave",
    EventType.EXIT_STUCK: "The exit button or the handle is stuck",
    EventType.EXIT_FREED: "The exit button or the handle is free again",
    EventType.DOOR_OPENED: "The door opened",
    EventType.DOOR_CLOSED: "The door closed",
    EventType.FORCED_OPEN: "The door was forced open",
    EventType.HELD_OPEN: "The door was held open",
    EventType.TAMPERED: "The wiring was tampered with",
    EventType.TAMPER_ENDED: "The wiring is whole again",
    EventType.FIRE_STARTED: "The fire alarm opened the door",
    EventType.FIRE_ENDED: "The fire alarm ended",
    EventType.HOLD_STARTED: "The door is held open from here on",
    EventType.HOLD_ENDED: "The door is no longer held open",
    EventType.LOCKDOWN_STARTED: "Lockdown: nobody is let in",
    EventType.LOCKDOWN_ENDED: "Lockdown ended",
    EventType.CAMERA_STALLED: "The camera stopped sending pictures",
    EventType.CAMERA_RECOVERED: "The camera sends pictures again",
    EventType.SERVICE_STARTED: "The service started",
    EventType.SERVICE_STOPPED: "The service stopped",
}


def who(event: CloudEvent) -> str:
    """The person a decision is about."""
    if name := event["data"].get("person"):
        return str(name)
    return "Somebody no longer enrolled" if "subject" in event else "Unknown person"


def outcome(decisions: list[RecordedDecision]) -> str:
    """Returns what was decided, as a headline: “1 granted, 2 refused”."""
    granted = sum(decision.granted for decision in decisions)
    refused = len(decisions) - granted
    return f"{granted} granted, {refused} refused" if decisions else "Nobody was granted or refused"


def why(event: CloudEvent) -> str:
    """The reason of a decision, as a sentence."""
    data = event["data"]
    if kind_of(event) == EventType.GRANTED:
        seen = "in this picture alone, and in the last few together"
        if "confidence" in data:
            return f"Named by the network trained on the people here, and confirmed by the embedder {seen}."
        return f"Recognised: {seen}."
    if "confidence" in data and data["reason"] == Denial.UNKNOWN:
        return "The face was seen clearly, and the network trained on the people here knows nobody there."
    if data["score"] is None and data["reason"] == Denial.UNKNOWN:
        return "The face was seen clearly, but nobody is enrolled."
    return _REFUSALS.get(data["reason"], f"Reason: {data['reason'].replace('_', ' ')}.")


def what(event: CloudEvent) -> str:
    """One line for the table of events."""
    kind = kind_of(event)
    if kind == EventType.GRANTED:
        return f"Granted: {who(event)}"
    if kind == EventType.DENIED:
        reason = event["data"]["reason"]
        return f"Refused: {who(event)}" + (f" ({reason.replace('_', ' ')})" if reason != Denial.UNKNOWN else "")
    return _HAPPENED.get(EventType(kind), kind) if kind in set(EventType) else kind


def comparison(data: dict[str, Any]) -> str:
    """The score against what it has to reach, or that there is none."""
    if data["score"] is None:
        return "no score: there was nobody to compare with"
    relation = "≥" if data["score"] >= data["threshold"] else "<"
    return f"{data['score']:.3f} {relation} {data['threshold']:.3f}"


def day(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%-d %B %Y")


def clock_time(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%H:%M:%S")


def length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
