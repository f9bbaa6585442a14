"""A pulse and a hold: the two ways to open, each of which carries its own end."""

from __future__ import annotations

from dataclasses import dataclass

MAX_PULSE_SECONDS = 30.0
"""No pulse is longer, whatever the config says: a door that must stay open is held, not pulsed."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Open the lock now, and lock it again by itself after `seconds`.

    Raises ValueError outside 0.1…MAX_PULSE_SECONDS. `not_after` (monotonic seconds) is when the evidence is too
    old to act on; the lock checks it again at the very last moment.
    """

    seconds: float
    not_after: float
    visit: int

    def __post_init__(self) -> None:
        if not 0.1 <= self.seconds <= MAX_PULSE_SECONDS:
            raise ValueError(f"a pulse lasts 0.1 to {MAX_PULSE_SECONDS:g} seconds, not {self.seconds!r}")


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep the lock open from now on, and lock it by itself at `until` (monotonic seconds)."""

    until: float
