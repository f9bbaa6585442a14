"""Moments as people write them: in this machine's zone unless they name another, stored in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta

from edgegate.clock import rfc3339
from edgegate.errors import UsageError

NONE = "none"


def moment(text: str, *, end: bool = False) -> str:
    """RFC 3339 in UTC, or "" for `none`; raises UsageError.

    A day alone begins at midnight in this machine's zone; as an `end` it is counted in.
    """
    text = text.strip()
    if text.lower() == NONE:
        return ""
    try:
        found = datetime.fromisoformat(text)
        if end and len(text) <= len("2026-01-31"):
            found += timedelta(days=1)
        return rfc3339(found.timestamp())
    except (ValueError, OverflowError):
        raise UsageError(f"{text}: not a moment such as 2026-01-31, 2026-01-31T18:00 or 2026-01-31T18:00Z") from None
