"""A door that moves by its table. Pure: time is an input."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgegate.door.parts import OPEN, PULSED, Button, Fire, Input, Leaf, Part, Place, State
from edgegate.door.pulse import MAX_PULSE_SECONDS
from edgegate.door.table import PASSED, TABLE, Timer, Transition
from edgegate.events.vocabulary import EventType

MAX_HOLD_SECONDS = 86_400.0
"""No hold is longer: who wants the door open for days says so every day."""


@dataclass(frozen=True, slots=True)
class Times:
    """The door's durations, in seconds."""

    exit_seconds: float = 5.0
    open_seconds: float = 20.0
    warning_seconds: float = 10.0
    stuck_seconds: float = 30.0
    shunt_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class DoorEvent:
    """Something to tell, and when it happened."""

    type: EventType
    at: float
    data: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of an input: the door afterwards, the events, and the reason of a refusal."""

    state: State
    told: tuple[DoorEvent, ...] = ()
    refused: str | None = None


def step(state: State, what: Input, now: float, times: Times, seconds: float = 0.0) -> StepResult:
    """Returns what follows from an input at `now`, after everything that has timed out before it.

    `seconds` is how long a grant or a hold lasts; ValueError where that is not allowed.
    """
    limit = {Input.GRANT: MAX_PULSE_SECONDS, Input.HOLD: MAX_HOLD_SECONDS}.get(what)
    if limit is not None and not 0.1 <= seconds <= limit:
        raise ValueError(f"a {what} lasts 0.1 to {limit:g} seconds, not {seconds!r}")
    before = advance(state, now, times)
    after = _apply(before.state, what, times, seconds)
    return StepResult(after.state, before.told + after.told, after.refused)


def advance(state: State, now: float, times: Times) -> StepResult:
    """Everything that times out up to `now`, each at its own moment."""
    told: tuple[DoorEvent, ...] = ()
    while (due := state.due) is not None and due <= now:
        state = replace(state, now=max(state.now, due))
        name = next(name for name, part in state.parts().items() if part.until == due)
        result = _apply(state, Input.TIMEOUT, times, 0.0, only=name)
        assert getattr(result.state, name).until != due, "every timer has a row for its end"
        state, told = result.state, told + result.told
    return StepResult(replace(state, now=max(state.now, now)), told)


def is_news(state: State, what: Input, times: Times) -> bool:
    """True if what a switch says now is not in the state yet, so that an edge was missed."""
    match what:
        case Input.EXIT_PRESSED:
            return state.button.place is Button.RELEASED
        case Input.FIRE:
            return state.fire.place is Fire.CLEAR
        case _:
            return step(state, what, state.now, times).state != state


def _apply(state: State, what: Input, times: Times, seconds: float, only: str | None = None) -> StepResult:
    parts, refused = state.parts(), None
    told: list[DoorEvent] = []
    for name, part in state.parts().items():
        row = _row(state, part.place, what) if only in {None, name} else None
        if row is None:
            continue
        refused = refused or row.refused
        if row.target is not None:
            parts[name] = Part(row.target, state.now, _until(row.timer, part, state, times, seconds))
        told += [DoorEvent(event, state.now, row.says) for event in row.tells]
    return StepResult(_noted(what, state, state.moved(parts), times, refused), tuple(told), refused)


def _noted(what: Input, before: State, after: State, times: Times, refused: str | None) -> State:
    """The door with what it must remember of this input."""
    now = before.now
    if what is Input.EXIT_PRESSED:
        after = replace(after, exit_until=now + times.exit_seconds)
    elif what is Input.DOOR_CLOSED and PASSED.holds(before):
        after = replace(after, exit_until=now)
    if what in {Input.GRANT, Input.EXIT_PRESSED} and refused is None:
        after = replace(after, opened_at=float("inf"))
    if before.leaf.place is Leaf.CLOSED and after.leaf.place in OPEN:
        after = replace(after, opened_at=now)
    if before.unlocked and not after.unlocked:
        after = replace(after, locked_at=now)
    closed = after.leaf.place is Leaf.CLOSED
    return replace(after, awaited=closed and after.latch.place in PULSED and (before.awaited or what is Input.GRANT))


def _row(state: State, place: Place, what: Input) -> Transition | None:
    # By identity: places of different parts may have the same word.
    fits = (row for row in TABLE if row.input is what and any(place is source for source in row.sources))
    return next((row for row in fits if row.guard is None or row.guard.holds(state)), None)


def _until(timer: Timer | None, part: Part, state: State, times: Times, seconds: float) -> float | None:
    now = state.now
    match timer:
        case None:
            return None
        case Timer.KEEP:
            return part.until
        case Timer.EXIT_REST:
            return state.exit_until
        case Timer.EXTEND | Timer.EXIT:
            return max(part.until or now, now + (seconds if timer is Timer.EXTEND else times.exit_seconds))
        case Timer.HOLD:
            return now + seconds
        case _:
            return now + float(getattr(times, timer.value))
