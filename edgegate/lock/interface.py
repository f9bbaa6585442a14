"""What the rest of the daemon knows of the lock, wherever it runs: in this process or in the lock keeper's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edgegate.door.pulse import Pulse
from edgegate.lock.wiring import Wiring


@dataclass(frozen=True, slots=True)
class LockStatus:
    """The door as staff see it."""

    locked: bool
    door: str
    """`closed`, `open`, `held_open_warning`, `held_open`, `forced_open`; `unknown` without a door contact."""
    mode: str
    """`normal`, `hold` or `lockdown`."""
    fire: bool = False
    trouble: str | None = None
    wiring: str = ""
    """`Wiring.digest` of what drives the pins; empty where a keeper of an earlier version does not say."""
    spool: str | None = None
    """Why the lock keeper keeps what happens in its memory only."""


def another_door(status: LockStatus, wanted: Wiring) -> str | None:
    """What to do about a keeper that started with another `[door]` than is wanted; None if it is not known to have."""
    if status.wiring in {"", wanted.digest}:
        return None
    return "the lock keeper runs on another [door]: systemctl restart edgegate-lock"


class LockInterface(Protocol):
    """What the rest of the daemon knows of the lock, wherever it runs.

    `pulse`, `hold`, `lockdown` and `resume` raise LockError where nothing was done. `pulse` and `hold` raise
    InDoubtError where it is not known: nobody answered in time, or the pin could be neither driven nor read.
    """

    @property
    def locked(self) -> bool:
        """Whether the pin has its locked level, as it was last read back."""

    @property
    def trouble(self) -> str | None:
        """Why the lock cannot be driven or asked now; None while all is well."""

    def status(self) -> LockStatus:
        """The door now."""

    def pulse(self, pulse: Pulse) -> bool:
        """Open for `pulse.seconds`; False if its evidence is too old by now, or in lockdown. True says nothing of how
        the lock is afterwards: `status` does.
        """

    def hold(self, seconds: float) -> bool:
        """Keep open for so long, instead of any hold before; False in lockdown."""

    def lockdown(self) -> None:
        """Refuse entry until `resume`; exits and fire open even so."""

    def resume(self) -> None:
        """End a hold or a lockdown."""

    def close(self) -> None:
        """Lock, and give the pin back; a keeper in another process goes on."""
