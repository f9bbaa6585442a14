"""The parts of a door, the places each can be in, and the door as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias


class Latch(StrEnum):
    """The lock's doing."""

    LOCKED = "locked"
    ENTRY = "pulsed for entry"
    EXIT = "pulsed for exit"
    HOLD = "scheduled hold-open"
    LOCKDOWN = "lockdown"
    LOCKDOWN_EXIT = "exit in lockdown"


class Leaf(StrEnum):
    """The door as its contact says; without one it counts as closed."""

    CLOSED = "closed"
    OPEN = "open"
    WARNED = "held-open warning"
    HELD_OPEN = "held open"
    FORCED_OPEN = "forced open"


class Button(StrEnum):
    RELEASED = "released"
    PRESSED = "pressed"
    STUCK = "stuck"


class Handle(StrEnum):
    """The contact of a handle or bar that opens the door mechanically: it shunts the forced-open alarm."""

    AT_REST = "at rest"
    HELD = "held"
    LET_GO = "let go"
    STUCK = "stuck"


class Fire(StrEnum):
    CLEAR = "clear"
    BURNING = "fire"


class Tamper(StrEnum):
    INTACT = "intact"
    BROKEN = "tampered"


Place: TypeAlias = Latch | Leaf | Button | Handle | Fire | Tamper


class Input(StrEnum):
    GRANT = "grant"
    HOLD = "hold"
    LOCKDOWN = "lockdown"
    RESUME = "resume"
    EXIT_PRESSED = "exit pressed"
    EXIT_RELEASED = "exit released"
    HANDLE = "handle used"
    HANDLE_RELEASED = "handle released"
    DOOR_OPENED = "door opens"
    DOOR_CLOSED = "door closes"
    FIRE = "fire"
    FIRE_OVER = "fire over"
    TAMPER = "tamper"
    TAMPER_OVER = "tamper over"
    TIMEOUT = "time is up"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the door: its place, since when, and until when at most."""

    place: Place
    since: float = 0.0
    until: float | None = None


@dataclass(frozen=True, slots=True)
class State:
    """The whole door at one moment."""

    now: float
    latch: Part = Part(Latch.LOCKED)
    leaf: Part = Part(Leaf.CLOSED)
    button: Part = Part(Button.RELEASED)
    handle: Part = Part(Handle.AT_REST)
    fire: Part = Part(Fire.CLEAR)
    tamper: Part = Part(Tamper.INTACT)
    locked_at: float = float("-inf")
    """The time at which it was last locked after having been unlocked."""
    exit_until: float = float("-inf")
    """Until when somebody who asked to go out, and has not passed the door yet, was promised to be able to."""
    opened_at: float = float("inf")
    """The time at which the door last opened, if that was since the last grant or exit; infinity if it was not."""
    awaited: bool = False
    """True if somebody was granted entry, and the door was neither opened nor locked nor held open since."""
    contact: bool = False
    """True if a door contact is wired."""

    @property
    def unlocked(self) -> bool:
        """The level that the lock's line must have."""
        return self.latch.place in CAUSES or self.fire.place is Fire.BURNING

    @property
    def cause(self) -> str | None:
        """The cause for which it is unlocked."""
        return "fire" if self.fire.place is Fire.BURNING else CAUSES.get(self.latch.place)

    @property
    def alarm(self) -> bool:
        return self.leaf.place in {Leaf.HELD_OPEN, Leaf.FORCED_OPEN}

    @property
    def warning(self) -> bool:
        return self.leaf.place is Leaf.WARNED

    @property
    def lockdown(self) -> bool:
        return self.latch.place in LOCKDOWNS

    @property
    def mode(self) -> str:
        if self.lockdown:
            return "lockdown"
        return "hold" if self.latch.place is Latch.HOLD else "normal"

    @property
    def door(self) -> str:
        """The door in the words of `state`; `unknown` without a contact."""
        return _WORDS[self.leaf.place] if self.contact else "unknown"

    @property
    def due(self) -> float | None:
        """The time at which a timer next runs out."""
        return min((part.until for part in self.parts().values() if part.until is not None), default=None)

    def parts(self) -> dict[str, Part]:
        return {name: getattr(self, name) for name in PARTS.values()}

    def moved(self, parts: Mapping[str, Part]) -> State:
        """The same door with some of its parts elsewhere."""
        return replace(self, **parts)  # type: ignore[arg-type]  # mypy takes the names for any


PARTS: dict[type, str] = {
    Latch: "latch", Leaf: "leaf", Button: "button", Handle: "handle", Fire: "fire", Tamper: "tamper"
}  # fmt: skip
CAUSES: dict[Place, str] = {
    Latch.ENTRY: "grant",
    Latch.EXIT: "exit",
    Latch.HOLD: "hold",
    Latch.LOCKDOWN_EXIT: "exit",
}
_WORDS: dict[Place, str] = {
    Leaf.CLOSED: "closed",
    Leaf.OPEN: "open",
    Leaf.WARNED: "held_open_warning",
    Leaf.HELD_OPEN: "held_open",
    Leaf.FORCED_OPEN: "forced_open",
}
SHUNTS = (Handle.HELD, Handle.LET_GO)
PULSED = (Latch.ENTRY, Latch.EXIT)
LOCKDOWNS = (Latch.LOCKDOWN, Latch.LOCKDOWN_EXIT)
OPEN = (Leaf.OPEN, Leaf.WARNED, Leaf.HELD_OPEN, Leaf.FORCED_OPEN)
