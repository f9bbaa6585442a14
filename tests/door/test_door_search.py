"""The door's table as a whole: drawn, complete, and searched with thousands of made-up doors."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edgegate.door import MAX_HOLD_SECONDS, TABLE, Input, Latch, Leaf, State, StepResult, advance, step
from edgegate.door.diagram import renewed
from edgegate.door.parts import PARTS, Place
from edgegate.door.pulse import MAX_PULSE_SECONDS
from edgegate.door.table import PASSING_SECONDS
from edgegate.events.vocabulary import EventType
from tests.support.door_machine import TIMES, Door
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "door.md"


# The table itself.


def test_every_timer_has_an_unconditional_row_for_its_end() -> None:
    timed = {row.target for row in TABLE if row.timer is not None and row.target is not None}
    ended = {source for row in TABLE if row.input is Input.TIMEOUT and row.guard is None for source in row.sources}
    for places in PARTS:
        theirs = [place for place in timed if isinstance(place, places)]
        assert all(any(place is end for end in ended) for place in theirs)


def test_every_place_can_be_reached_and_left_and_no_row_is_hidden_by_one_before() -> None:
    moves = [row for row in TABLE if row.target is not None]
    places: list[Place] = list(itertools.chain.from_iterable(PARTS))  # type: ignore[arg-type]  # enumerations
    for place in places:
        assert any(row.target is place for row in moves)
        assert any(place is source and row.target is not place for row in moves for source in row.sources)
    for number, row in enumerate(TABLE):
        for other in TABLE[:number]:
            same = row.input is other.input and any(one is two for one in row.sources for two in other.sources)
            assert not same or other.guard is not None, f"{row} is never reached"


def test_the_drawing_in_the_docs_is_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == renewed(text), "run `make door`"
    assert text.count("```mermaid") == len(PARTS)


ENDS = {
    EventType.FIRE_ENDED: EventType.FIRE_STARTED,
    EventType.HOLD_ENDED: EventType.HOLD_STARTED,
    EventType.LOCKDOWN_ENDED: EventType.LOCKDOWN_STARTED,
}


@settings(max_examples=300, stateful_step_count=40, deadline=None)
class AnyDoor(RuleBasedStateMachine):
    """Anything, in any order, at any time, also earlier than before: what must hold of every door all the same.

    The model beside it knows nothing of places: only until when the last causes allow the lock to be unlocked, for
    how long somebody who asked to go out must be able to, and what was told.
    """

    def __init__(self) -> None:
        super().__init__()
        self.state = State(0.0, contact=True)
        self.now = self.let_in = self.let_out = self.held = 0.0
        self.leaving: float | None = None
        """The time until which the lock must be unlocked for somebody who asked to go out and has not passed yet."""
        self.opened: float | None = None
        """Since when the door has been open, if it opened after somebody was last let through."""
        self.fire = self.locked_down = self.unused = False
        self.going_on: set[EventType] = set()
        """The things that have begun and not ended, by all events."""

    def do(self, what: Input, seconds: float = 3.0) -> StepResult:
        before = self.state
        result = step(before, what, self.now, TIMES, seconds)
        self._take(before, result)
        return result

    def _take(self, before: State, result: StepResult) -> None:
        self.state, self.now = result.state, result.state.now
        assert self.now >= before.now, "time never runs back"
        moments = [told.at for told in result.told]
        assert moments == sorted(moments)
        assert all(before.now <= at <= self.now for at in moments)
        for told in result.told:
            if told.type is EventType.UNUSED:
                assert self.unused, "only what was granted, and once"
                self.unused = False
            if told.type in ENDS.values():
                assert told.type not in self.going_on
                self.going_on.add(told.type)
            self.going_on -= {ENDS.get(told.type)}

    @rule(seconds=st.one_of(st.floats(0.0, 10.0), st.floats(0.0, 500.0), st.floats(-100.0, -0.1)))
    def wait(self, seconds: float) -> None:
        self._take(self.state, advance(self.state, self.now + seconds, TIMES))

    @rule(seconds=st.floats(0.1, MAX_PULSE_SECONDS))
    def grant(self, seconds: float) -> None:
        was_unlocked = self.state.unlocked
        refused = self.do(Input.GRANT, seconds).refused
        assert (refused == "lockdown") == self.locked_down
        if refused:
            assert self.state.unlocked == was_unlocked
        else:
            assert self.state.unlocked
            self.let_in = max(self.let_in, self.now + seconds)
            self.opened = None
            if self.state.leaf.place is Leaf.CLOSED and self.state.latch.place is not Latch.HOLD:
                self.unused = True

    @rule()
    def exit(self) -> None:
        told = [event.type for event in self.do(Input.EXIT_PRESSED).told]
        assert self.state.unlocked, "egress always works"
        assert told.count(EventType.EXIT_REQUESTED) == 1
        self.let_out = self.leaving = self.now + TIMES.exit_seconds
        self.opened = None

    @rule(seconds=st.floats(0.1, MAX_HOLD_SECONDS))
    def hold(self, seconds: float) -> None:
        self.do(Input.HOLD, seconds)
        if not self.locked_down:
            assert self.state.unlocked
            assert EventType.HOLD_STARTED in self.going_on
            self.held = self.now + seconds
            self.unused = False

    @rule()
    def lockdown(self) -> None:
        self.do(Input.LOCKDOWN)
        self.locked_down, self.held, self.let_in = True, 0.0, 0.0

    @rule()
    def resume(self) -> None:
        self.do(Input.RESUME)
        self.locked_down, self.held = False, 0.0

    @rule()
    def burn(self) -> None:
        self.do(Input.FIRE)
        self.fire = True

    @precondition(lambda self: self.fire)
    @rule()
    def end_fire(self) -> None:
        self.do(Input.FIRE_OVER)
        self.fire = False

    @rule()
    def close_the_door(self) -> None:
        self.something_else(Input.DOOR_CLOSED)
        if self.opened is not None and self.now >= self.opened + PASSING_SECONDS:
            self.leaving = None  # the person it was for may have passed
            self.let_out = self.now
        self.opened = None

    @rule()
    def open_the_door(self) -> None:
        was_closed = self.state.leaf.place is Leaf.CLOSED
        self.something_else(Input.DOOR_OPENED)
        self.unused = False
        if was_closed:
            self.opened = self.now

    @rule(
        what=st.sampled_from(
            [Input.EXIT_RELEASED, Input.HANDLE, Input.HANDLE_RELEASED, Input.TAMPER, Input.TAMPER_OVER]
        )
    )
    def something_else(self, what: Input) -> None:
        was_unlocked = self.state.unlocked
        self.do(what)
        assert was_unlocked or not self.state.unlocked, f"{what} must not unlock"

    @invariant()
    def it_is_unlocked_for_a_cause_and_no_longer(self) -> None:
        if self.state.unlocked:
            assert self.fire or self.now < max(self.let_in, self.let_out, self.held)
            assert self.state.cause is not None
        if self.fire:
            assert self.state.unlocked, "fire always works"
        if self.leaving is not None and self.now < self.leaving:
            assert self.state.unlocked, "an exit under way goes on"

    @invariant()
    def what_lasts_longer_than_a_pulse_is_in_the_journal(self) -> None:
        assert (EventType.FIRE_STARTED in self.going_on) == self.fire
        assert (EventType.LOCKDOWN_STARTED in self.going_on) == self.locked_down
        assert (EventType.HOLD_STARTED in self.going_on) == (self.state.latch.place is Latch.HOLD)
        if self.state.unlocked and self.now >= max(self.let_in, self.let_out):
            assert self.going_on & {EventType.FIRE_STARTED, EventType.HOLD_STARTED}

    @invariant()
    def a_grant_nobody_used_is_told_when_the_lock_locks(self) -> None:
        if self.state.latch.place in {Latch.LOCKED, Latch.LOCKDOWN, Latch.LOCKDOWN_EXIT}:
            assert not self.unused

    @invariant()
    def lockdown_is_as_it_was_told(self) -> None:
        assert self.state.lockdown == self.locked_down
        if self.state.latch.place is Latch.LOCKDOWN and not self.fire:
            assert not self.state.unlocked

    @invariant()
    def an_alarm_means_an_open_door(self) -> None:
        assert not self.state.alarm or self.state.leaf.place in {Leaf.HELD_OPEN, Leaf.FORCED_OPEN}
        assert self.state.due is None or self.state.due > self.state.now


TestAnyDoor = AnyDoor.TestCase


class ThousandsOfDoors(AnyDoor):
    """The same, for longer."""


TestThousandsOfDoors = pytest.mark.full(pytest.mark.timeout(3600)(ThousandsOfDoors.TestCase))


TestThousandsOfDoors.settings = settings(max_examples=5000, stateful_step_count=80, deadline=None)


# What a search among such doors has found.


def test_lockdown_lets_whoever_is_going_out_go_on_although_the_door_is_held_open(door: Door) -> None:
    door(Input.HOLD, 0.0, 3600.0)
    door(Input.EXIT_PRESSED, 10.0)
    door(Input.LOCKDOWN, 11.0)
    assert door.places == ("exit in lockdown", "closed")
    door.wait(15.0)
    assert not door.state.unlocked
    assert door.told == ["hold.started", "exit.requested", "hold.ended", "lockdown.started"]


@pytest.mark.parametrize("end", [Input.LOCKDOWN, Input.RESUME, Input.TIMEOUT])
@pytest.mark.parametrize("closes", [1.53, 2.0], ids=["it only rattled", "somebody passed"])
def test_an_exit_outlasts_the_hold_it_was_asked_for_in_until_somebody_has_passed(
    closes: float, end: Input, door: Door
) -> None:
    door(Input.HOLD, 0.0, 2.5)
    door(Input.EXIT_PRESSED, 1.0)
    door(Input.DOOR_OPENED, 1.5)
    door(Input.DOOR_CLOSED, closes)
    if end is Input.TIMEOUT:
        door.wait(2.5)
    else:
        door(end, 2.4)
    assert door.state.unlocked == (closes == 1.53)
    door.wait(5.9)
    assert door.state.unlocked == (closes == 1.53)
    door.wait(6.0)
    assert not door.state.unlocked


def test_the_end_of_a_hold_lets_whoever_is_going_out_go_on(door: Door) -> None:
    door(Input.HOLD, 0.0, 3600.0)
    door(Input.EXIT_PRESSED, 10.0)
    door(Input.RESUME, 11.0)
    assert door.places == ("pulsed for exit", "closed")
    door.wait(15.0)
    assert not door.state.unlocked


@pytest.mark.parametrize("inputs", [(Input.GRANT, Input.EXIT_PRESSED), (Input.EXIT_PRESSED, Input.GRANT)])
def test_an_exit_lends_nothing_of_its_own_to_an_entry_in_lockdown(inputs: tuple[Input, Input], door: Door) -> None:
    for what in inputs:
        door(what, 0.0, 30.0)
    door(Input.LOCKDOWN, 1.0)
    assert door.state.unlocked
    door.wait(5.0)
    assert not door.state.unlocked
