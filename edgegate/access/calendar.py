"""The door's calendar: what the clock on its wall shows, and which days are holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

HOLIDAY = 7
"""The kind of a day that is a holiday; the others are 0 for Monday to 6 for Sunday."""

_A_LEAP_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day of one year, or of every year (`year` None)."""

    month: int
    day: int
    year: int | None = None

    @classmethod
    def parse(cls, text: str) -> Holiday:
        """Read 2026-12-25, or 12-25 for every year; raises ValueError."""
        yearly = text.count("-") == 1
        try:
            found = date.fromisoformat(f"{_A_LEAP_YEAR}-{text}" if yearly else text if "-" in text else "")
        except ValueError:
            raise ValueError(f"{text} is not a day such as 2026-12-25, or 12-25 for every year") from None
        return cls(found.month, found.day, None if yearly else found.year)

    def falls_on(self, day: date) -> bool:
        return (self.month, self.day) == (day.month, day.day) and self.year in {None, day.year}

    def comes_after(self, day: date) -> bool:
        """True if it is on that day or on a later one."""
        return self.year is None or (self.year, self.month, self.day) >= (day.year, day.month, day.day)


@dataclass(frozen=True, slots=True)
class Calendar:
    zone: tzinfo = UTC
    holidays: frozenset[Holiday] = frozenset()

    def clock(self, wall: float) -> datetime:
        """Returns the local time at `wall`, seconds since the epoch."""
        return datetime.fromtimestamp(wall, self.zone)

    def kind(self, day: date) -> int:
        """The day of the week, or HOLIDAY."""
        return HOLIDAY if any(holiday.falls_on(day) for holiday in self.holidays) else day.weekday()


IN_UTC = Calendar()
