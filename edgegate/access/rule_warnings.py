"""Warnings of what is probably a mistake in valid rules, each a line for an installer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches

from edgegate.access.hold_open import HoldOpenHours
from edgegate.access.permissions import Permissions, Rule
from edgegate.access.schedule import Schedule
from edgegate.errors import did_you_mean

_MISSPELT = 0.75
"""Names of doors that are at least so alike (difflib's ratio): one letter too few, too many or out of place in four;
north and south are not."""


def rule_warnings(
    permissions: Permissions,
    schedules: Sequence[Schedule],
    hold_open: HoldOpenHours | None,
    people: Sequence[Collection[str]],
    wall: float,
) -> tuple[str, ...]:
    """Rules that can never match, groups nobody is in, doors misspelt, and people whom no rule lets in.

    `people` is each enrolled person's groups, `wall` now, in seconds since the epoch.
    """
    groups = {group for of_person in people for group in of_person}
    found = [
        line for n, rule in enumerate(permissions.rules, 1) for line in _of_rule(permissions, n, rule, groups, wall)
    ]
    if hold_open is not None and not hold_open.schedule.can_hold(hold_open.calendar, wall):
        found.append(f"access.hold_open can never begin: schedule {hold_open.schedule.name} never holds")
    return (*found, *_of_all(permissions, people), *_unused(permissions, schedules, hold_open))


def _of_rule(permissions: Permissions, number: int, rule: Rule, groups: Iterable[str], wall: float) -> Iterator[str]:
    if rule.schedule is not None and not rule.schedule.can_hold(permissions.calendar, wall):
        yield f"access rule {number} can never match: schedule {rule.schedule.name} never holds"
    empty = sorted(rule.groups - set(groups))
    never = " can never match" if len(empty) == len(rule.groups) else ""
    for group in empty:
        yield f"access rule {number}{never}: nobody is in group {group}{did_you_mean(group, groups)}"
    for name in _misspelt(permissions.door, rule.doors) if _here(permissions) else ():
        yield f"access rule {number} is for door {name}, not for this one; did you mean {permissions.door}?"


def _misspelt(door: str, named: Collection[str]) -> Iterator[str]:
    """Returns what is almost this door's name, in a rule that does not name it; door-2 is no misspelt door-1."""
    if door in named:
        return
    for name in sorted(named):
        if _digits(name) == _digits(door) and get_close_matches(name.lower(), [door.lower()], cutoff=_MISSPELT):
            yield name


def _digits(name: str) -> list[str]:
    return [letter for letter in name if letter.isdigit()]


def _here(permissions: Permissions) -> list[Rule]:
    return [rule for rule in permissions.rules if not rule.doors or permissions.door in rule.doors]


def _of_all(permissions: Permissions, people: Sequence[Collection[str]]) -> Iterator[str]:
    if not permissions.rules:
        return
    door, here = permissions.door, _here(permissions)
    if not here:
        named = {name for rule in permissions.rules for name in rule.doors}
        close = get_close_matches(door, sorted(named), n=1)
        hint = f": is {close[0]} this door?" if close else ""
        yield f"no access rule is for door {door}, so that nobody may enter{hint}"
        return
    shut_out = sum(not permissions.rules_for(groups) for groups in people)
    if shut_out:
        who = "somebody enrolled is" if shut_out == 1 else f"{shut_out} people enrolled are"
        yield f"{who} let in by no access rule here: `edgegate people list` says who"


def _unused(permissions: Permissions, schedules: Sequence[Schedule], hold_open: HoldOpenHours | None) -> Iterator[str]:
    used = {rule.schedule.name for rule in permissions.rules if rule.schedule is not None}
    used |= set() if hold_open is None else {hold_open.schedule.name}
    for schedule in schedules:
        if schedule.name not in used:
            yield f"schedule {schedule.name} is used by nothing"
