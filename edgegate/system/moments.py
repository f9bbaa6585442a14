"""Moments as people write them, and as they are written back to them: in the door's time zone.

What is understood, in a zone and at a time that the caller gives:

- `2026-01-31`, `today`, `yesterday`, `tomorrow`: the first moment of that day. As the end of something the day is
  counted in: the first moment of the next one.
- `2026-01-31 08:00`, `2026-01-31T08:00:30`, `yesterday 18:00`, and `08:00`, which is today's.
- `now`, `-2h`, `+30m`, `-1h30m`: so long before or after now, in s, m, h, d and w, without fractions of a second. A
  day is 24 hours here, also where the clock changes in between.
- Any of the times with a zone of its own: `08:00Z`, `08:00+01:00`, `08:00 CET`, `08:00 CET (Europe/Berlin)`.

Where the clock is put back, a time of day comes twice: the first of the two is meant, unless `CET` or an offset says
which. Where it is put forward, some times do not come at all: those are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo

from edgegate.errors import UsageError
from edgegate.system import time_zones

EXAMPLES = "2026-01-31, 2026-01-31 08:00, 08:00, yesterday, now or -2h"

Now = Callable[[], float]
"""Seconds since the epoch; asked only where the text depends on it."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_FROM_NOW = re.compile(r"([+-])((?:\d+[smhdw])+)")
_PART = re.compile(r"(\d+)([smhdw])")
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_ZONE = re.compile(r"(.*\S)\s+\(([^()]+)\)")
_ONE_DIGIT = re.compile(r"(?<![\d:])(\d):")
_BETWEEN = re.compile(r"(?<=\d)T(?=\d)")


def read(text: str, zone: tzinfo, now: Now, *, end: bool = False) -> datetime:
    """Returns the moment that `text` names, in `zone`; as an `end`, a day alone is counted in. Raises UsageError."""
    words = text.strip()
    try:
        if named := _ZONE.fullmatch(words):
            words, own = named[1], time_zones.zone(named[2])
        else:
            own = zone
        return _read(words, own, now, end=end).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"{text!r}: not a time; write one such as {EXAMPLES}") from None


def written(moment: datetime) -> str:
    """Returns a moment with its zone, such as `2026-01-31 08:00 CET (Europe/Berlin)`; `read` understands it."""
    clock = f"{moment:%H:%M}" if not (moment.second or moment.microsecond) else str(moment.time())
    twin = moment.replace(fold=1 - moment.fold)
    unclear = twin.tzname() == moment.tzname() and twin.utcoffset() != moment.utcoffset()
    name = moment.isoformat()[len(moment.replace(tzinfo=None).isoformat()) :] if unclear else moment.tzname()
    place = str(moment.tzinfo)
    return f"{moment.date()} {clock} {name}" + (f" ({place})" if place != "UTC" and _is_a_name(place) else "")


def _is_a_name(place: str) -> bool:
    """True for the name of a zone; a zone that a machine has without a name is described in words."""
    try:
        time_zones.zone(place)
    except ValueError:
        return False
    return True


def _read(words: str, zone: tzinfo, now: Now, *, end: bool) -> datetime:
    """Reads a moment. Raises ValueError, OverflowError or OSError for none, UsageError for one that never comes."""
    if words == "now":
        return datetime.fromtimestamp(int(now()), zone)
    if relative := _FROM_NOW.fullmatch(words):
        seconds = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(relative[2]))
        return datetime.fromtimestamp(int(now()) + (seconds if relative[1] == "+" else -seconds), zone)
    day, clock, suffix = _split(words)
    if day in _DAYS or not day:
        found = datetime.fromtimestamp(now(), zone).date() + timedelta(days=_DAYS.get(day, 0))
    else:
        found = date.fromisoformat(day)
    if not clock:
        return _begin(found + timedelta(days=1) if end else found, zone)
    return _at(f"{found}T{clock}", suffix, zone)


def _split(words: str) -> tuple[str, str, str]:
    """Returns day, time of day and zone, each empty where it is not there."""
    day, *rest = _BETWEEN.sub(" ", _ONE_DIGIT.sub(r"0\1:", words)).split()
    if ":" in day:
        day, rest = "", [day, *rest]
    if len(rest) > 2:
        raise ValueError("too many words")
    clock, suffix = [*rest, "", ""][:2]
    return day, clock, suffix


def _begin(day: date, zone: tzinfo) -> datetime:
    """Returns the first moment of a day; where the clock is put forward past midnight, that is a later one."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return midnight.astimezone(UTC).astimezone(zone)


def _at(text: str, suffix: str, zone: tzinfo) -> datetime:
    moment = datetime.fromisoformat(text + suffix if suffix[:1] in {"+", "-"} else text)
    if moment.tzinfo is not None:
        return moment
    if suffix.upper() in {"Z", "UTC"}:
        return moment.replace(tzinfo=UTC)
    both = [moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    there = [one for one in both if one.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == moment]
    if not there:
        raise UsageError(f"{text}: the clock of {zone} is put forward past this time; write an earlier or a later one")
    meant = [one for one in there if not suffix or str(one.tzname()).upper() == suffix.upper()]
    if not meant:
        raise UsageError(f"{text} {suffix}: {zone} has {there[0].tzname()} then; write that, Z, or an offset: +01:00")
    return meant[0]
