"""Permission to enter, by groups and dates, with the reason for or against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edgegate.access.calendar import IN_UTC, Calendar
from edgegate.access.observation import Validity
from edgegate.access.schedule import Schedule
from edgegate.events.vocabulary import Denial

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Rule:
    """Lets the people of some groups in at some doors while a schedule holds."""

    groups: frozenset[str] = frozenset()
    """Empty: everybody enrolled."""
    schedule: Schedule | None = None
    """None: at all hours."""
    doors: frozenset[str] = frozenset()
    """Empty: every door."""

    def is_for(self, door: str, groups: Iterable[str]) -> bool:
        return (not self.doors or door in self.doors) and (not self.groups or bool(self.groups & set(groups)))


@dataclass(frozen=True, slots=True)
class PermissionVerdict:
    """The reason against somebody; or None, and the rule that lets them in, from 1 on, where there are rules."""

    reason: Denial | None = None
    rule: int | None = None


@dataclass(frozen=True, slots=True)
class Permissions:
    """The permissions at `door`; see the package's rules 1 to 4."""

    door: str = ""
    calendar: Calendar = IN_UTC
    rules: tuple[Rule, ...] = ()

    def ask(self, groups: Iterable[str], validity: Validity, wall: float, *, trusted: bool = True) -> PermissionVerdict:
        """Returns the verdict on somebody of these groups, whose own dates are `validity`, at `wall`."""
        theirs = self.rules_for(groups)
        if self.rules and not theirs:
            return PermissionVerdict(Denial.NOT_PERMITTED_HERE)
        at_all_hours = not self.rules or any(rule.schedule is None for _, rule in theirs)
        if not trusted and (validity.limited or not at_all_hours):
            return PermissionVerdict(Denial.CLOCK_UNSYNCHRONIZED)
        if not validity.holds(wall):
            return PermissionVerdict(Denial.NOT_PERMITTED_NOW)
        if not self.rules:
            return PermissionVerdict()
        for number, rule in theirs:
            if rule.schedule is None or rule.schedule.holds(self.calendar, wall):
                return PermissionVerdict(None, number)
        return PermissionVerdict(Denial.NOT_PERMITTED_NOW)

    def rules_for(self, groups: Iterable[str]) -> tuple[tuple[int, Rule], ...]:
        """The rules at this door that are for somebody of these groups, with their numbers from 1 on."""
        theirs = frozenset(groups)
        return tuple((n, rule) for n, rule in enumerate(self.rules, 1) if rule.is_for(self.door, theirs))

    def next_change(self, groups: Iterable[str], validity: Validity, wall: float, days: int = 8) -> float | None:
        """The first whole minute after `wall` at which the verdict is another one; None within so many days."""
        theirs, now = frozenset(groups), self.ask(groups, validity, wall).reason
        minute = (wall // _MINUTE + 1) * _MINUTE
        end = wall + days * 86_400
        while minute < end:
            if self.ask(theirs, validity, minute).reason != now:
                return minute
            minute += _MINUTE
        return None

    def in_words(self, groups: Iterable[str]) -> str:
        """Returns what somebody of these groups may do at this door, in a few words."""
        theirs = self.rules_for(groups)
        if not self.rules or any(rule.schedule is None for _, rule in theirs):
            return "always"
        names = dict.fromkeys(rule.schedule.name for _, rule in theirs if rule.schedule is not None)
        return ", ".join(names) or "never at this door"


ANYBODY = Permissions()
"""Everybody enrolled, at any time."""
