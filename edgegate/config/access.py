"""`[access]`: who may enter when, and the values of `edgegate.access` that follow from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from edgegate.access import Calendar, HoldOpenHours, Holiday, LockOutRules, Permissions, Rule, Schedule
from edgegate.access.rule_warnings import rule_warnings
from edgegate.config.section import Section
from edgegate.errors import did_you_mean
from edgegate.system import time_zones


def _is_holiday(text: str) -> str:
    Holiday.parse(text)
    return text


def _is_hours(line: str) -> str:
    Schedule.parse("", [line])
    return line


def _is_a_schedule(name: str, info: ValidationInfo) -> None:
    """Raises ValueError unless `name` is one of the schedules; not where those are wrong themselves."""
    known = info.data.get("schedules")
    if name and known is not None and name not in known:
        raise ValueError(f"there is no schedule {name}{did_you_mean(name, known)}")


def _follows_a_schedule(rule: AccessRule, info: ValidationInfo) -> AccessRule:
    _is_a_schedule(rule.schedule, info)
    return rule


Word = Annotated[str, Field(min_length=1)]
Words = Annotated[tuple[Word, ...], Field(strict=False)]  # TOML has lists
Day = Annotated[str, AfterValidator(_is_holiday)]
HoursLine = Annotated[str, AfterValidator(_is_hours)]


class AccessRule(Section):
    """A rule: the people let in, the time, and the doors."""

    groups: Words = Field((), description="any of these; empty: everybody enrolled")
    schedule: str = Field("", description="one of access.schedules; empty: always")
    doors: Words = Field((), description="names of doors, as site.door; empty: every door")


RuleOfASchedule = Annotated[AccessRule, AfterValidator(_follows_a_schedule)]


class AccessSettings(Section):
    """People and their times of entry; docs/access.md has examples."""

    rearm_seconds: float = Field(
        5.0, ge=1, le=3600, description="seconds out of view after which the same person is a new visit"
    )
    time_zone: str = Field(
        "", description='what schedules are read in, such as "Europe/Berlin"; empty: this machine\'s'
    )
    holidays: Annotated[tuple[Day, ...], Field(strict=False)] = Field(
        (), description='days such as "2026-12-25", or "12-25" for every year: only hours for holiday and daily hold'
    )
    schedules: dict[Word, Annotated[tuple[HoursLine, ...], Field(strict=False)]] = Field(
        {}, description='weekly hours by name, such as office = ["mon-fri 08:00-18:00", "holiday 10:00-12:00"]'
    )
    rules: Annotated[tuple[RuleOfASchedule, ...], Field(strict=False)] = Field(
        (),
        description='who may enter, such as {groups = ["staff"], schedule = "office", doors = ["front"]}; no rules: '
        "everybody enrolled, always",
    )
    hold_open: str = Field("", description="schedule during which the door stands open; empty: never")
    hold_open_first_person: bool = Field(
        True, description="true: only from the first person on who is let in during those hours"
    )
    lockout_refusals: int = Field(
        0,
        ge=0,
        le=1000,
        description="refused visits after which no face opens the door for a while; 0: never, for anybody who walks up "
        "to the camera so often can then keep everybody else out",
    )
    lockout_window_seconds: float = Field(300.0, ge=1, le=86_400, description="seconds within which they count")
    lockout_seconds: float = Field(
        300.0, ge=1, le=86_400, description="seconds; `edgegate access release` ends it earlier"
    )

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            time_zones.zone(value)
        except ValueError:
            raise ValueError(f"there is no such time zone{did_you_mean(value, time_zones.names())}") from None
        return value

    @field_validator("hold_open")
    @classmethod
    def _holds_by_a_schedule(cls, value: str, info: ValidationInfo) -> str:
        _is_a_schedule(value, info)
        return value

    @property
    def calendar(self) -> Calendar:
        return Calendar(time_zones.zone(self.time_zone), frozenset(map(Holiday.parse, self.holidays)))

    @property
    def every_schedule(self) -> tuple[Schedule, ...]:
        return tuple(Schedule.parse(name, lines) for name, lines in self.schedules.items())

    def permissions(self, door: str) -> Permissions:
        """Returns the permissions in force at this door."""
        named = {schedule.name: schedule for schedule in self.every_schedule}
        rules = (Rule(frozenset(r.groups), named.get(r.schedule), frozenset(r.doors)) for r in self.rules)
        return Permissions(door, self.calendar, tuple(rules))

    @property
    def hold_open_hours(self) -> HoldOpenHours | None:
        if not self.hold_open:
            return None
        schedule = Schedule.parse(self.hold_open, self.schedules[self.hold_open])
        return HoldOpenHours(schedule, self.calendar, self.hold_open_first_person)

    def rule_warnings(self, door: str, people: Sequence[Collection[str]], wall: float) -> tuple[str, ...]:
        """Returns the probable mistakes, with people of these groups enrolled, at `wall` (seconds since the epoch)."""
        return rule_warnings(self.permissions(door), self.every_schedule, self.hold_open_hours, people, wall)

    @property
    def lockout(self) -> LockOutRules:
        return LockOutRules(self.lockout_refusals, self.lockout_window_seconds, self.lockout_seconds)
