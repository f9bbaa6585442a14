"""Faults of the door's parts: when they are reported, and how `state` shows them. Pure: fed with reasons and times.

Rules
-----
1. A part is degraded once it has had a reason for as long as its patience lasts, without a pause. Then
   `service.degraded` is due, once, and the part is in `degraded`, with the reason as it is by now.
2. It has recovered once it has been well for STEADY_SECONDS without a pause. Then `service.recovered` is due, with
   the reason that it had last.
3. A part that is degraded again within RELAPSE_SECONDS of its recovery must be well for twice as long the next
   time, up to LONGEST_STEADY_SECONDS, so that a fault that comes and goes is no flood of events.
4. Parts in OWN_WORDS report by themselves, or are as the config wants them: they are in `degraded` for exactly as long
   as they have a reason, and no event is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgegate.events.vocabulary import Event, EventType

PATIENCE_SECONDS = 1.0
PATIENCE = {"broker": 10.0, "journal": 0.0, "lock": 0.0}
"""A broker is often away for a moment, and soon back. Without journal or lock somebody was not let in, perhaps."""

STEADY_SECONDS = 2.0
RELAPSE_SECONDS = 60.0
LONGEST_STEADY_SECONDS = 60.0

OWN_WORDS = frozenset({"camera", "recognition", "temperature"})
"""`camera.stalled` and `camera.recovered` are the camera's; how people are recognised is chosen; heat is in `state`."""


@dataclass(slots=True)
class _Part:
    reason: str = ""
    reported: bool = False
    """True from `service.degraded` until `service.recovered` is due."""
    turned: float | None = None
    """Monotonic seconds since which it differs from what was reported; None while it does not."""
    recovered: float = float("-inf")
    steady: float = STEADY_SECONDS


class Health:
    """The health of all parts. Feed it their faults again and again, in order of time."""

    def __init__(self) -> None:
        self._parts: dict[str, _Part] = {}
        self._shown: dict[str, str] = {}

    @property
    def degraded(self) -> dict[str, str]:
        """Returns the reason of every degraded part, by name."""
        reported = {name: part.reason for name, part in self._parts.items() if part.reported}
        return dict(sorted((reported | self._shown).items()))

    def look(self, now: float, faults: Mapping[str, str | None]) -> list[Event]:
        """Returns the events due now; `faults` is the reason that each part is degraded at this moment, or None."""
        self._shown = {name: reason for name, reason in faults.items() if reason and name in OWN_WORDS}
        others = [(name, reason) for name, reason in faults.items() if name not in OWN_WORDS]
        due = [_judge(name, self._parts.setdefault(name, _Part()), reason, now) for name, reason in others]
        return [event for event in due if event is not None]


def _judge(name: str, part: _Part, reason: str | None, now: float) -> Event | None:
    if reason is not None:
        part.reason = reason
    if (reason is not None) == part.reported:
        part.turned = None
        return None
    if part.turned is None:
        part.turned = now
    wait = part.steady if part.reported else PATIENCE.get(name, PATIENCE_SECONDS)
    if now - part.turned < wait:
        return None
    part.turned, part.reported = None, not part.reported
    if part.reported:
        again = now - part.recovered <= RELAPSE_SECONDS
        part.steady = min(2 * part.steady, LONGEST_STEADY_SECONDS) if again else STEADY_SECONDS
        return Event(EventType.DEGRADED, now, data={"part": name, "reason": part.reason})
    part.recovered = now
    return Event(EventType.RECOVERED, now, data={"part": name, "reason": part.reason})
