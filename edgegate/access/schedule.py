"""A schedule: hours by day of the week, as they are written and as they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from edgegate.access.calendar import HOLIDAY, Calendar

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_KINDS = dict(zip((*DAYS, "holiday"), range(HOLIDAY + 1), strict=True))
_DAY = 24 * 60
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Hours:
    """From minute `begin` of a day until before minute `end`, which may be on the next day."""

    days: frozenset[int]
    """Kinds of days: 0 for Monday to 6 for Sunday, and HOLIDAY."""
    begin: int
    end: int

    def hold(self, today: int, yesterday: int, minute: int) -> bool:
        by_today = today in self.days and self.begin <= minute < self.end
        return by_today or (yesterday in self.days and minute + _DAY < self.end)


@dataclass(frozen=True, slots=True)
class Schedule:
    name: str
    hours: tuple[Hours, ...]
    text: tuple[str, ...] = ()
    """As it was written."""

    @classmethod
    def parse(cls, name: str, lines: Iterable[str]) -> Schedule:
        """Read lines such as `mon-fri 08:00-12:00 13:00-18:00`; raises ValueError."""
        text = tuple(lines)
        return cls(name, tuple(hours for line in text for hours in _parse_line(line)), text)

    def holds(self, calendar: Calendar, wall: float) -> bool:
        """True if it does at `wall`, seconds since the epoch."""
        now = calendar.clock(wall)
        today, yesterday = calendar.kind(now.date()), calendar.kind(now.date() - timedelta(days=1))
        return any(hours.hold(today, yesterday, now.hour * 60 + now.minute) for hours in self.hours)

    def lasts(self, calendar: Calendar, wall: float, at_most: float) -> float:
        """For how many seconds from `wall` on it holds without a break, up to `at_most`.

        Every zone's clock changes, and all hours begin and end, on a whole minute of UTC.
        """
        if not self.holds(calendar, wall):
            return 0.0
        minute = (wall // _MINUTE + 1) * _MINUTE
        while minute < wall + at_most:
            if not self.holds(calendar, minute):
                return minute - wall
            minute += _MINUTE
        return at_most

    def can_hold(self, calendar: Calendar, wall: float) -> bool:
        """True if there is any day from `wall` on that it is for."""
        today = calendar.clock(wall).date() - timedelta(days=1)  # whose hours may reach into today
        kinds = set(range(HOLIDAY))
        if any(holiday.comes_after(today) for holiday in calendar.holidays):
            kinds.add(HOLIDAY)
        return any(hours.days & kinds for hours in self.hours)


def _parse_line(line: str) -> Iterator[Hours]:
    days, *spans = line.lower().split() or [""]
    if not spans:
        raise ValueError(f"{line!r} has no hours; write it as mon-fri 08:00-18:00")
    kinds = frozenset(kind for part in days.split(",") for kind in _parse_days(part))
    for span in spans:
        begin, dash, end = span.partition("-")
        if not dash:
            raise ValueError(f"{span} is not hours such as 08:00-18:00")
        first, last = _parse_time(begin, span), _parse_time(end, span)
        if first in {last, _DAY}:
            raise ValueError(f"{span} is no time at all; a whole day is 00:00-24:00")
        yield Hours(kinds, first, last if last > first else last + _DAY)


def _parse_days(text: str) -> Iterable[int]:
    if text == "daily":
        return _KINDS.values()
    first, dash, last = text.partition("-")
    if text in _KINDS:
        return (_KINDS[text],)
    if not dash or first not in DAYS or last not in DAYS:
        raise ValueError(f"{text!r} is not a day: mon to sun, holiday, daily, or from-to such as mon-fri")
    begin, end = DAYS.index(first), DAYS.index(last)
    return (day % len(DAYS) for day in range(begin, (end if end >= begin else end + len(DAYS)) + 1))


def _parse_time(text: str, span: str) -> int:
    """The minute of the day, 0 to 1440."""
    hour, colon, minute = text.partition(":")
    digits = f"{hour}{minute}"
    if not (colon and len(minute) == 2 and 1 <= len(hour) <= 2 and digits.isascii() and digits.isdecimal()):
        raise ValueError(f"{span} is not hours such as 08:00-18:00")
    found = int(hour) * 60 + int(minute)
    if int(minute) >= 60 or found > _DAY:
        raise ValueError(f"{span}: there is no {text} on a clock; the last is 24:00")
    return found
