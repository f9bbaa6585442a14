"""The door's table: for each place and input, where a part goes, which events follow, and which timer starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from edgegate.door.parts import (
    LOCKDOWNS,
    OPEN,
    PULSED,
    SHUNTS,
    Button,
    Fire,
    Handle,
    Input,
    Latch,
    Leaf,
    Place,
    State,
    Tamper,
)
from edgegate.events.vocabulary import EventType

GRACE_SECONDS = 1.0
"""A door that opens so soon after the lock locked was opened in time: a leaf takes a while to leave its contact."""

PASSING_SECONDS = 0.5
"""Nobody passes a door in less, and no leaf swings out and back: a contact that opens and closes sooner rattles, mostly
under the hand of somebody who pulls, and whose pulse must not end for it."""


class Timer(Enum):
    """The time a part stays where it goes. `EXTEND` never ends before the end there was; `KEEP` leaves that end.

    `EXIT_REST` leaves its time to somebody who goes out, and nothing of a grant or a hold beside it.
    """

    EXTEND = "pulse"
    EXIT = "exit_seconds"
    HOLD = "hold"
    OPEN = "open_seconds"
    WARNING = "warning_seconds"
    STUCK = "stuck_seconds"
    SHUNT = "shunt_seconds"
    KEEP = "the rest"
    EXIT_REST = "the rest of the exit"


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition of a row, with its words for the diagram."""

    words: str
    holds: Callable[[State], bool]


_CAUSE = Guard(
    "unlocked, shunted, or just locked",
    lambda door: door.unlocked or door.handle.place in SHUNTS or door.now <= door.locked_at + GRACE_SECONDS,
)
PASSED = Guard(
    f"opened in it, for {PASSING_SECONDS:g} s or more",
    lambda door: door.leaf.place in OPEN and door.now >= door.opened_at + PASSING_SECONDS,
)
_UNUSED = Guard("a grant not used", lambda door: door.contact and door.awaited)
_MAY_STAND_OPEN = Guard(
    "hold-open or fire", lambda door: door.latch.place is Latch.HOLD or door.fire.place is Fire.BURNING
)
_LEAVING = Guard("exit under way", lambda door: door.now < door.exit_until)
_LEAVING_UNUSED = Guard("exit under way, a grant not used", lambda d: _LEAVING.holds(d) and _UNUSED.holds(d))
_NO_LOCKDOWN = Guard("no lockdown", lambda door: not door.lockdown)


@dataclass(frozen=True, slots=True)
class Transition:
    """From any of `sources`, at `input`, if `guard` holds, to `target`."""

    sources: tuple[Place, ...]
    input: Input
    target: Place | None
    """None: it stays, with its timer."""
    timer: Timer | None = None
    guard: Guard | None = None
    tells: tuple[EventType, ...] = ()
    says: tuple[tuple[str, str], ...] = ()
    """The event's data."""
    refused: str | None = None
    """The request is answered with no, and this reason."""


_BY_BUTTON, _BY_HANDLE = (("by", "button"),), (("by", "handle"),)
_E, _I = EventType, Input
_LOCKDOWN_BEFORE_ENTRY = (_E.UNUSED, _E.LOCKDOWN_STARTED)
_LOCKDOWN_IN_A_HOLD = (_E.HOLD_ENDED, _E.LOCKDOWN_STARTED)
_NOT_STUCK = (Button.RELEASED, Button.PRESSED)

TABLE: tuple[Transition, ...] = (
    # The latch.
    Transition((Latch.LOCKED, Latch.ENTRY), _I.GRANT, Latch.ENTRY, Timer.EXTEND),
    Transition((Latch.EXIT,), _I.GRANT, Latch.EXIT, Timer.EXTEND),
    Transition((Latch.HOLD,), _I.GRANT, Latch.HOLD, Timer.EXTEND),
    Transition(LOCKDOWNS, _I.GRANT, None, refused="lockdown"),
    Transition((Latch.LOCKED, *PULSED), _I.EXIT_PRESSED, Latch.EXIT, Timer.EXIT),
    Transition(LOCKDOWNS, _I.EXIT_PRESSED, Latch.LOCKDOWN_EXIT, Timer.EXIT),
    Transition(PULSED, _I.DOOR_CLOSED, Latch.LOCKED, guard=PASSED),
    Transition((Latch.LOCKDOWN_EXIT,), _I.DOOR_CLOSED, Latch.LOCKDOWN, guard=PASSED),
    Transition(PULSED, _I.TIMEOUT, Latch.LOCKED, guard=_UNUSED, tells=(_E.UNUSED,)),
    Transition(PULSED, _I.TIMEOUT, Latch.LOCKED),
    Transition((Latch.LOCKDOWN_EXIT,), _I.TIMEOUT, Latch.LOCKDOWN),
    Transition((Latch.LOCKED, *PULSED), _I.HOLD, Latch.HOLD, Timer.HOLD, tells=(_E.HOLD_STARTED,)),
    Transition((Latch.HOLD,), _I.HOLD, Latch.HOLD, Timer.HOLD),
    Transition(LOCKDOWNS, _I.HOLD, None, refused="lockdown"),
    Transition((Latch.HOLD,), _I.TIMEOUT, Latch.EXIT, Timer.EXIT_REST, _LEAVING, (_E.HOLD_ENDED,)),
    Transition((Latch.HOLD,), _I.TIMEOUT, Latch.LOCKED, tells=(_E.HOLD_ENDED,)),
    Transition((Latch.HOLD,), _I.RESUME, Latch.EXIT, Timer.EXIT_REST, _LEAVING, (_E.HOLD_ENDED,)),
    Transition((Latch.HOLD,), _I.RESUME, Latch.LOCKED, tells=(_E.HOLD_ENDED,)),
    Transition((Latch.HOLD,), _I.LOCKDOWN, Latch.LOCKDOWN_EXIT, Timer.EXIT_REST, _LEAVING, _LOCKDOWN_IN_A_HOLD),
    Transition((Latch.HOLD,), _I.LOCKDOWN, Latch.LOCKDOWN, tells=_LOCKDOWN_IN_A_HOLD),
    Transition((Latch.EXIT,), _I.LOCKDOWN, Latch.LOCKDOWN_EXIT, Timer.EXIT_REST, _LEAVING_UNUSED,
               _LOCKDOWN_BEFORE_ENTRY),
    Transition((Latch.EXIT,), _I.LOCKDOWN, Latch.LOCKDOWN_EXIT, Timer.EXIT_REST, _LEAVING, (_E.LOCKDOWN_STARTED,)),
    Transition(PULSED, _I.LOCKDOWN, Latch.LOCKDOWN, guard=_UNUSED, tells=_LOCKDOWN_BEFORE_ENTRY),
    Transition((Latch.LOCKED, *PULSED), _I.LOCKDOWN, Latch.LOCKDOWN, tells=(_E.LOCKDOWN_STARTED,)),
    Transition((Latch.LOCKDOWN,), _I.RESUME, Latch.LOCKED, tells=(_E.LOCKDOWN_ENDED,)),
    Transition((Latch.LOCKDOWN_EXIT,), _I.RESUME, Latch.EXIT, Timer.KEEP, tells=(_E.LOCKDOWN_ENDED,)),
    # The leaf.
    Transition((Leaf.CLOSED,), _I.DOOR_OPENED, Leaf.OPEN, Timer.OPEN, _CAUSE, (_E.DOOR_OPENED,)),
    Transition((Leaf.CLOSED,), _I.DOOR_OPENED, Leaf.FORCED_OPEN, tells=(_E.FORCED_OPEN,)),
    Transition((Leaf.OPEN,), _I.TIMEOUT, Leaf.OPEN, Timer.OPEN, _MAY_STAND_OPEN),
    Transition((Leaf.OPEN,), _I.TIMEOUT, Leaf.WARNED, Timer.WARNING),
    Transition((Leaf.WARNED,), _I.TIMEOUT, Leaf.HELD_OPEN, tells=(_E.HELD_OPEN,)),
    Transition((Leaf.WARNED, Leaf.HELD_OPEN, Leaf.FORCED_OPEN), _I.HOLD, Leaf.OPEN, Timer.OPEN, _NO_LOCKDOWN),
    Transition((Leaf.WARNED, Leaf.HELD_OPEN, Leaf.FORCED_OPEN), _I.FIRE, Leaf.OPEN, Timer.OPEN),
    Transition(OPEN, _I.DOOR_CLOSED, Leaf.CLOSED, tells=(_E.DOOR_CLOSED,)),
    # The exit button: a pulse an edge.
    Transition(_NOT_STUCK, _I.EXIT_PRESSED, Button.PRESSED, Timer.STUCK, None, (_E.EXIT_REQUESTED,), _BY_BUTTON),
    Transition((Button.STUCK,), _I.EXIT_PRESSED, Button.STUCK, None, None, (_E.EXIT_REQUESTED,), _BY_BUTTON),
    Transition((Button.PRESSED,), _I.EXIT_RELEASED, Button.RELEASED),
    Transition((Button.PRESSED,), _I.TIMEOUT, Button.STUCK, None, None, (_E.EXIT_STUCK,), _BY_BUTTON),
    Transition((Button.STUCK,), _I.EXIT_RELEASED, Button.RELEASED, None, None, (_E.EXIT_FREED,), _BY_BUTTON),
    # The handle: it shunts while it is held and for a while after, but not once it is stuck.
    Transition((Handle.AT_REST, Handle.LET_GO), _I.HANDLE, Handle.HELD, Timer.STUCK, None,
               (_E.EXIT_REQUESTED,), _BY_HANDLE),
    Transition((Handle.HELD, Handle.STUCK), _I.HANDLE, None, None, None, (_E.EXIT_REQUESTED,), _BY_HANDLE),
    Transition((Handle.HELD,), _I.HANDLE_RELEASED, Handle.LET_GO, Timer.SHUNT),
    Transition((Handle.HELD,), _I.TIMEOUT, Handle.STUCK, None, None, (_E.EXIT_STUCK,), _BY_HANDLE),
    Transition((Handle.STUCK,), _I.HANDLE_RELEASED, Handle.AT_REST, None, None, (_E.EXIT_FREED,), _BY_HANDLE),
    Transition((Handle.LET_GO,), _I.TIMEOUT, Handle.AT_REST),
    # Fire and tamper.
    Transition((Fire.CLEAR,), _I.FIRE, Fire.BURNING, tells=(_E.FIRE_STARTED,)),
    Transition((Fire.BURNING,), _I.FIRE_OVER, Fire.CLEAR, tells=(_E.FIRE_ENDED,)),
    Transition((Tamper.INTACT,), _I.TAMPER, Tamper.BROKEN, tells=(_E.TAMPERED,)),
    Transition((Tamper.BROKEN,), _I.TAMPER_OVER, Tamper.INTACT, tells=(_E.TAMPER_ENDED,)),
)  # fmt: skip
