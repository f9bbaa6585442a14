"""`edgegate people may`: whether somebody may enter, and why or why not, by the same rules as the gate."""

from __future__ import annotations

import argparse

from edgegate import app
from edgegate.access import Permissions, PermissionVerdict
from edgegate.cli.common import TimeReader, load_config, understood
from edgegate.clock import SystemClock, rfc3339
from edgegate.events.vocabulary import Denial
from edgegate.gallery import Person
from edgegate.recognition.search import validity_of
from edgegate.system import moments
from edgegate.system.terminal import print_json, printable

_WHY = {
    Denial.NOT_PERMITTED_HERE: "no rule lets them in at this door",
    Denial.NOT_PERMITTED_NOW: "not at this time",
    Denial.CLOCK_UNSYNCHRONIZED: "it depends on the time, and this machine's clock is not synchronized",
}


def print_permission(args: argparse.Namespace) -> int:
    config = load_config(args)
    permissions = config.access.permissions(config.site.door)
    clock = SystemClock()
    times = TimeReader(config, clock)
    at = times.read("now" if args.at is None else args.at, "--at")
    wall = at.timestamp()
    trusted = not times.asked_the_clock or clock.wall_trusted()
    person = app.open_gallery(config).find(args.name)
    verdict = permissions.ask(person.groups, validity_of(person), wall, trusted=trusted)
    change = permissions.next_change(person.groups, validity_of(person), wall) if trusted else None
    if args.json:
        if args.at is not None:
            understood("at", at)
        print_json(
            {
                "name": person.name,
                "door": permissions.door,
                "at": rfc3339(wall),
                "may": verdict.reason is None,
                "reason": verdict.reason,
                "rule": verdict.rule,
                "until": None if change is None else rfc3339(change),
            }
        )
    else:
        until = "" if change is None else f", until {_shown(permissions, change)}"
        answer = "yes" if verdict.reason is None else f"no ({verdict.reason})"
        when = f"{at:%a} {moments.written(at)}"
        print(
            printable(
                f"{person.name} at {permissions.door}, {when}: {answer}, {_why(permissions, person, verdict)}{until}"
            )
        )
    return 0 if verdict.reason is None else 1


def _why(permissions: Permissions, person: Person, verdict: PermissionVerdict) -> str:
    if verdict.reason is not None:
        groups = f"in {', '.join(person.groups)}" if person.groups else "in no group"
        return f"{_WHY[verdict.reason]}; {groups}; may enter: {permissions.in_words(person.groups)}"
    if verdict.rule is None:
        return "there are no rules"
    rule = permissions.rules[verdict.rule - 1]
    groups = f"for {', '.join(sorted(rule.groups & set(person.groups)))}" if rule.groups else "for everybody"
    schedule = "at all hours" if rule.schedule is None else f"by {rule.schedule.name}: {', '.join(rule.schedule.text)}"
    return f"by rule {verdict.rule} {groups}, {schedule}"


def _shown(permissions: Permissions, wall: float) -> str:
    return f"{permissions.calendar.clock(wall):%a %Y-%m-%d %H:%M %Z}"
