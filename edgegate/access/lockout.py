"""Lock-out: after many refused visits no face opens the door for a while. Exits and fire know nothing of it.

A visit counts once, however often it was refused, and not at all if it ends with the person let in. While a lock-out
runs, refusals do not count: it is not made longer, and afterwards counting begins again.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgegate.events.vocabulary import Event, EventType


@dataclass(frozen=True, slots=True)
class LockOutRules:
    """`refusals` visits refused within `window_seconds` lead to a lock-out of `seconds`; 0 refusals: never."""

    refusals: int = 0
    window_seconds: float = 300.0
    seconds: float = 300.0


NO_LOCKOUT = LockOutRules()


class LockOut:
    """The state of a lock-out; times are monotonic seconds."""

    def __init__(self) -> None:
        self._refused: dict[int, float] = {}
        """The time at which each visit was first refused, while that counts."""
        self._until: float | None = None

    @property
    def until(self) -> float | None:
        """Its end by time; None while the door is not locked out."""
        return self._until

    @property
    def running(self) -> bool:
        return self._until is not None

    def take_up(self, until: float) -> None:
        """Go on with one that began before the start; if `until` is past, it ends at once, and that is told."""
        self._until = until

    def pass_time(self, rules: LockOutRules, now: float) -> tuple[Event, ...]:
        """The end by time, or because the rules know no lock-out any more."""
        if self._until is None or (now < self._until and rules.refusals):
            return ()
        self.release()
        reason = "time" if rules.refusals else "rules_changed"
        return (Event(EventType.LOCKOUT_ENDED, now, data={"reason": reason}),)

    def count(self, rules: LockOutRules, visit: int, now: float) -> tuple[Event, ...]:
        """A visit was refused, which may be one too many."""
        if not rules.refusals or self.running:
            return ()
        recent = {v: at for v, at in self._refused.items() if now - at < rules.window_seconds}
        self._refused = {visit: now} | recent
        if len(self._refused) < rules.refusals:
            return ()
        data = {"reason": "refusals", "refusals": len(self._refused), "seconds": rules.seconds}
        self._until = now + rules.seconds
        return (Event(EventType.LOCKOUT_STARTED, now, data=data),)

    def forgive(self, visit: int) -> None:
        """Takes note that somebody who was refused was let in after all."""
        self._refused.pop(visit, None)

    def release(self) -> None:
        """Staff ended it, or it is over."""
        self._until = None
        self._refused.clear()
