"""Time zones, by name or as this machine has them set."""

from __future__ import annotations

import os
from datetime import UTC, tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

_LOCALTIME = Path("/etc/localtime")


def zone(name: str) -> tzinfo:
    """Returns the zone of a name such as Europe/Berlin; "" is this machine's. Raises ValueError for another name."""
    if not name:
        return system_zone()
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError(f"there is no time zone {name}") from None


@cache
def names() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


def system_zone(localtime: Path = _LOCALTIME) -> tzinfo:
    """Returns the zone of $TZ or /etc/localtime, with its clock changes to come; UTC where neither names one."""
    if name := os.environ.get("TZ", "").removeprefix(":"):
        try:
            return ZoneInfo(name)
        except (KeyError, OSError, ValueError):
            pass  # such as TZ=CET-1CEST, which names no zone: C libraries fall back on /etc/localtime's as well
    _, found, name = str(localtime.resolve()).partition("zoneinfo/")  # mostly it is a link to one by name
    try:
        if found:
            return ZoneInfo(name)
        with localtime.open("rb") as file:
            return ZoneInfo.from_file(file, key="this machine's")
    except (KeyError, OSError, ValueError):
        return UTC
