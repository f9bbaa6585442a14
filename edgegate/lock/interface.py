"""The lock as the rest of the daemon knows it, wherever it runs: in this process or in the lock keeper's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

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
    fault: str | None = None
    wiring: str = ""
    """`Wiring.digest` of what drives the pins; empty where a keeper of an earlier version does not say."""
    spool: str | None = None
    """The reason why the lock keeper keeps events in its memory only."""

    def to_wire(self) -> dict[str, Any]:
        """Returns it as the lock keeper's protocol has it, whose first version called a fault `trouble`."""
        fields = asdict(self)
        return {"trouble" if name == "fault" else name: value for name, value in fields.items()}

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> LockStatus:
        """Returns, of what a keeper of any version says, what this one knows."""
        named = {"fault" if name == "trouble" else name: value for name, value in fields.items()}
        return cls(**{name: value for name, value in named.items() if name in cls.__slots__})


def another_door(status: LockStatus, wanted: Wiring) -> str | None:
    """Returns what to do about a keeper that started with another `[door]` than `wanted`; None for any other."""
    if status.wiring in {"", wanted.digest}:
        return None
    return "the lock keeper runs on another [door]: systemctl restart edgegate-lock"


class LockInterface(Protocol):
    """The lock as the rest of the daemon knows it, wherever it runs.

    `pulse`, `hold`, `lockdown` and `resume` raise LockError where nothing was done. `pulse` and `hold` raise
    InDoubtError where it is not known: nobody answered in time, or the pin could be neither driven nor read.
    """

    @property
    def locked(self) -> bool:
        """True while the pin has its locked level, as it was last read back."""

    @property
    def fault(self) -> str | None:
        """The reason why the lock cannot be driven or asked now; None while all is well."""

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
