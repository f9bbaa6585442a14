"""The check that a journal alone has of every unlock its cause, and an end in time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from edgegate.events.cloudevents import TYPE_PREFIX, CloudEvent

BEGINS = {"fire.started": "fire", "hold.started": "hold"}
ENDS = {"fire.ended": "fire", "hold.ended": "hold"}


@dataclass
class Audit:
    """Reads events in order; `faults` is what is wrong with them. Seconds throughout."""

    unlock_seconds: float
    exit_seconds: float
    max_frame_age: float
    faults: list[str] = field(default_factory=list)
    unlocks: int = 0
    _grant: CloudEvent | None = None
    """Committed, and not used by an unlock nor taken back yet."""
    _until: float = float("-inf")
    """The time by which the last pulse, hold or fire has ended."""
    _asked: float = float("-inf")
    """The time of the last request to exit, by the button."""
    _going_on: set[str] = field(default_factory=set)
    _unlocked: bool = False

    def read(self, events: Iterable[CloudEvent]) -> Sequence[str]:
        for event in events:
            self._take(event["type"].removeprefix(TYPE_PREFIX), event)
        return self.faults

    def _take(self, kind: str, event: CloudEvent) -> None:
        at = seconds(event["time"])
        if kind == "access.granted":
            self._grant, self._until = event, max(self._until, at + self.unlock_seconds)
        elif kind == "access.denied" and event["data"]["reason"] in {"stale", "lockdown", "lock_fault"}:
            self._grant = None
        elif kind == "exit.requested" and event["data"].get("by") == "button":
            self._asked, self._until = at, max(self._until, at + self.exit_seconds)
        elif kind == "lock.unlocked":
            self._check_cause(at, event)
        elif kind == "lock.locked":
            self._check_end(at, event)
        if ENDS.get(kind) in self._going_on:
            self._going_on.remove(ENDS[kind])
            self._until = max(self._until, at)
        if kind in BEGINS:
            self._going_on.add(BEGINS[kind])

    def _check_cause(self, at: float, event: CloudEvent) -> None:
        self.unlocks += 1
        if self._unlocked:
            self._fault(event, "unlocked twice in a row")
        self._unlocked = True
        match event["data"].get("cause"):
            case "grant":
                self._check_grant(at, event)
            case "exit":
                if at - self._asked > 0.002:
                    self._fault(event, "nobody asked to go out")
            case "hold" | "fire" as cause:
                if cause not in self._going_on:
                    self._fault(event, f"no {cause} was reported")
            case other:
                self._fault(event, f"its cause is {other}")

    def _check_grant(self, at: float, event: CloudEvent) -> None:
        if self._grant is None:
            self._fault(event, "no grant came before it")
            return
        age = at - seconds(self._grant["data"]["frame_at"])
        if age > self.max_frame_age + 0.002:
            self._fault(event, f"its evidence was {age:g} s old")
        self._grant = None

    def _check_end(self, at: float, event: CloudEvent) -> None:
        if not self._unlocked:
            self._fault(event, "locked twice in a row")
        self._unlocked = False
        if not self._going_on and at > self._until + 0.002:
            self._fault(event, f"unlocked {at - self._until:g} s for too long")

    def _fault(self, event: CloudEvent, words: str) -> None:
        self.faults.append(f"{event['id']} at {event['time']}: {words}")


def seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
