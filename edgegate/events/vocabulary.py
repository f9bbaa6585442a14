"""The types of events, the reasons that they name, and an event before it is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """The types of events; on the wire each is prefixed `io.edgegate.`."""

    GRANTED = "access.granted"
    DENIED = "access.denied"
    UNLOCKED = "lock.unlocked"
    LOCKED = "lock.locked"
    LOCK_FAULT = "lock.fault"
    """A line cannot be driven, or the keeper's own record suffered; `reason` says which."""
    REQUEST_REFUSED = "lock.request_refused"
    """Somebody asked the lock keeper for something that it does not do, or not any more."""
    UNUSED = "access.unused"
    """The lock was opened for somebody who was granted entry, and the door was not."""
    LOCKOUT_STARTED = "access.lockout_started"
    LOCKOUT_ENDED = "access.lockout_ended"
    """`reason`: `time`, `released` (by staff) or `rules_changed`."""
    HOLD_OPEN_STARTED = "access.hold_open_started"
    """The hours during which the door stands open; `hold.started` is the lock's own word."""
    HOLD_OPEN_ENDED = "access.hold_open_ended"
    """`reason`: `schedule`, or `interrupted` where the lock did not hold on."""
    EXIT_REQUESTED = "exit.requested"
    EXIT_STUCK = "exit.stuck"
    EXIT_FREED = "exit.freed"
    DOOR_OPENED = "door.opened"
    DOOR_CLOSED = "door.closed"
    FORCED_OPEN = "door.forced_open"
    HELD_OPEN = "door.held_open"
    TAMPERED = "door.tampered"
    TAMPER_ENDED = "door.tamper_ended"
    FIRE_STARTED = "fire.started"
    FIRE_ENDED = "fire.ended"
    HOLD_STARTED = "hold.started"
    HOLD_ENDED = "hold.ended"
    LOCKDOWN_STARTED = "lockdown.started"
    LOCKDOWN_ENDED = "lockdown.ended"
    CAMERA_STALLED = "camera.stalled"
    CAMERA_RECOVERED = "camera.recovered"
    SERVICE_STARTED = "service.started"
    SERVICE_STOPPED = "service.stopped"
    SERVICE_RELOADED = "service.reloaded"
    RELOAD_REFUSED = "service.reload_refused"
    DEGRADED = "service.degraded"
    """A part of the door does not do all that it should: `part`, and `reason` in words."""
    RECOVERED = "service.recovered"
    PERSON_ENROLLED = "person.enrolled"
    PERSON_CHANGED = "person.changed"
    PERSON_FORGOTTEN = "person.forgotten"
    PERSON_EXPORTED = "person.exported"


class CameraFault(StrEnum):
    """The reasons for which there are no frames to decide on."""

    NO_FRAMES = "no_frames"
    """It is there, and silent."""
    FROZEN = "frozen"
    """It gives the same picture again and again."""
    UNPLUGGED = "unplugged"
    """There is no such device, or no longer."""
    UNREACHABLE = "unreachable"
    """Nothing answers at its address."""
    REFUSED = "refused"
    """It answers, and does not give its pictures: password, path, certificate."""
    IN_USE = "in_use"
    """Another program has it."""
    LATE = "late"
    """Its frames come too late to be of use."""
    UNUSABLE = "unusable"
    """It is there, and cannot be used as it is."""


class Denial(StrEnum):
    """The reasons for which somebody was not let in."""

    UNKNOWN = "unknown"
    UNCONFIRMED = "unconfirmed"
    STALE = "stale"
    NOT_PERMITTED_HERE = "not_permitted_here"
    NOT_PERMITTED_NOW = "not_permitted_now"
    CLOCK_UNSYNCHRONIZED = "clock_unsynchronized"
    LOCKED_OUT = "locked_out"
    """Recognised, but too many others were refused a moment ago."""
    LOCKDOWN = "lockdown"
    LOCK_FAULT = "lock_fault"
    """Recognised and granted, but the lock could not be asked or driven."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, before it has a sequence number: the journal gives it one.

    `subject` is a person's opaque id. `data` holds what JSON can hold; a time in it is monotonic until the
    journal's clock turns it into RFC 3339 (see `events`).
    """

    type: EventType
    at: float
    subject: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
