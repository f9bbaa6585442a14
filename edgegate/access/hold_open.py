"""Hold-open hours: while a schedule holds, the door stands open; it is told to for seconds at a time.

1. Only while the wall clock is trusted, the schedule holds, and the lock is in order and not in lockdown.
2. As a rule only after the first person was let in during these hours, so that a door opens to nobody on a day on
   which nobody came.
3. A hold lasts `HOLD_SECONDS` at most, never longer than the hours, and is renewed in time. Whatever stops renewing
   it, a dead daemon too, lets the door lock.
4. The beginning is told, and so is committed to the journal, before the lock is asked.
5. A hold that the lock ended otherwise (lockdown, staff, its own restart) is not taken up again by itself: it begins
   again with the next person who is let in, or with the next hours.
6. One that never came about, because the journal or the lock failed at that moment, is asked for again until it does;
   but where a person must come first, the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgegate.access.calendar import Calendar
from edgegate.access.observation import Observation
from edgegate.access.schedule import Schedule
from edgegate.door.pulse import Hold
from edgegate.events.vocabulary import Denial, Event, EventType

HOLD_SECONDS = 30.0
RENEW_SECONDS = 10.0

_SHORTEST = 1.0
"""A hold of less is not worth asking for."""

GRACE_SECONDS = 1.0
"""A lock keeper's answer may be a moment old: only a hold that is missing for longer was ended."""


@dataclass(frozen=True, slots=True)
class HoldOpenHours:
    schedule: Schedule
    calendar: Calendar
    first_person: bool = True
    """True if somebody must have been let in first."""


class HoldOpen:
    """Follows the hours through the gate's observations."""

    def __init__(self) -> None:
        self._running = self._came_about = False
        """Flags: the beginning was published, and the lock has been seen to hold since."""
        self._waits: bool | None = None
        """True if a person must come first; None outside the hours."""
        self._waited: bool | None = None
        """The same, before the last person was let in."""
        self._asked_at = self._held_at = 0.0

    def person_in(self) -> None:
        """Somebody is let in; if the hours have come, the door stands open from the next turn on."""
        self._waited = self._waits
        if self._waits:
            self._waits = False

    def person_out(self) -> None:
        """The lock did not open for that person."""
        if not self._running:
            self._waits = self._waited

    def turn(self, hours: HoldOpenHours | None, what: Observation, now: float) -> tuple[tuple[Event, ...], Hold | None]:
        """Returns the events, and the hold if the lock is to be asked for one now."""
        left = 0.0 if hours is None or not what.wall_trusted else _left(hours, what.wall)
        if hours is None or left <= 0:
            self._waits = None
            return self._end(now, "schedule"), None
        if self._waits is None:
            self._waits = hours.first_person
        if not self._running:
            return self._begin(hours, what, now, left)
        if what.held:
            self._held_at, self._came_about = now, True
            return (), self._ask(now, left) if now - self._asked_at >= RENEW_SECONDS else None
        if now - self._held_at <= GRACE_SECONDS:
            return (), None
        never = not self._came_about and not hours.first_person
        if never and what.barred is not Denial.LOCKDOWN:
            self._held_at = now
            return (), self._ask(now, left) if what.barred is None else None
        self._waits = True
        return self._end(now, "interrupted"), None

    def _begin(
        self, hours: HoldOpenHours, what: Observation, now: float, left: float
    ) -> tuple[tuple[Event, ...], Hold | None]:
        if self._waits or what.barred is not None or left < _SHORTEST:
            return (), None
        self._running, self._came_about, self._held_at = True, False, now
        reason = "first_person" if hours.first_person else "schedule"
        data = {"reason": reason, "schedule": hours.schedule.name}
        return (Event(EventType.HOLD_OPEN_STARTED, now, data=data),), self._ask(now, left)

    def _ask(self, now: float, left: float) -> Hold | None:
        self._asked_at = now
        return Hold(now + left) if left >= _SHORTEST else None

    def _end(self, now: float, reason: str) -> tuple[Event, ...]:
        was, self._running = self._running, False
        return (Event(EventType.HOLD_OPEN_ENDED, now, data={"reason": reason}),) if was else ()


def _left(hours: HoldOpenHours, wall: float) -> float:
    return hours.schedule.lasts(hours.calendar, wall, HOLD_SECONDS)
