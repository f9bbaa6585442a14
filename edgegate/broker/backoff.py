"""The delays between attempts to connect."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds between attempts to connect."""

    first: float = 0.5
    longest: float = 30.0
    refused: float = 60.0
    """Seconds after a refusal, at least: another attempt soon mends nothing, and may lock the account."""


class Backoff:
    """Doubles the delay after each failure in a row, and takes a random part of it: doors must not come all at once."""

    def __init__(self, delays: Delays, rng: random.Random) -> None:
        self._delays = delays
        self._rng = rng
        self._failures = 0

    def succeed(self) -> None:
        self._failures = 0

    def fail(self, *, refused: bool) -> float:
        """Notes a failure. Returns the seconds to wait: from half to all of the present delay, at random."""
        delay = min(self._delays.longest, self._delays.first * 2.0 ** min(self._failures, 30))
        self._failures += 1
        if refused:
            delay = max(delay, self._delays.refused)
        return delay * self._rng.uniform(0.5, 1.0)
