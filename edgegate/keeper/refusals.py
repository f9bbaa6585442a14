"""Reports of refused requests, not so many that they push out what happened at the door. Pure."""

from __future__ import annotations

from typing import Any

from edgegate.keeper.requests import RequestRefused

MAX_REPORTS = 10
WINDOW_SECONDS = 60.0


class Refusals:
    """At most `MAX_REPORTS` reports in `WINDOW_SECONDS`; the next one says how many were left out."""

    def __init__(self) -> None:
        self._began, self._reported, self._left_out = float("-inf"), 0, 0

    def report(self, refused: RequestRefused, peer: str, now: float) -> dict[str, Any] | None:
        """The event's data, or None if it is only counted."""
        if now >= self._began + WINDOW_SECONDS:
            self._began, self._reported = now, 0
        if self._reported >= MAX_REPORTS:
            self._left_out += 1
            return None
        self._reported += 1
        more, self._left_out = self._left_out, 0
        data = {"reason": refused.reason, "detail": refused.detail, "peer": peer}
        return data | ({"left_out": more} if more else {})
