"""The door's table: what follows from what, on made-up times."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edgegate.door import MAX_HOLD_SECONDS, TABLE, Button, Input, Latch, Leaf, State, StepResult, Times, advance, step
from edgegate.door.diagram import renewed
from edgegate.door.parts import PARTS, Place
from edgegate.door.pulse import MAX_PULSE_SECONDS
from edgegate.door.table import GRACE_SECONDS, PASSING_SECONDS
from edgegate.events.vocabulary import EventType
from tests.support.paths import ROOT

TIMES = Times(exit_seconds=5.0, open_seconds=20.0, warning_seconds=10.0, stuck_seconds=30.0, shunt_seconds=4.0)
PAGE = ROOT / "docs" / "door.md"


class Door:
    """A door in a hand, with everything it told."""

    def __init__(self, *, contact: bool = True) -> None:
        self.state = State(0.0, contact=contact)
        self.told: list[str] = []

    def __call__(self, what: Input, at: float, seconds: float = 3.0) -> StepResult:
        result = step(self.state, what, at, TIMES, seconds)
        return self._take(result)

    def wait(self, until: float) -> StepResult:
        return self._take(advance(self.state, until, TIMES))

    def _take(self, result: StepResult) -> StepResult:
        self.state = result.state
        self.told += [told.type.value for told in result.told]
        return result

    @property
    def places(self) -> tuple[str, str]:
        return self.state.latch.place.value, self.state.leaf.place.value


@pytest.fixture
def door() -> Door:
    return Door()


# A grant.


def test_a_grant_opens_until_its_end(door: Door) -> None:
    door(Input.GRANT, 1.0)
    door.wait(3.999)
    assert door.state.unlocked
    door.wait(4.0)
    assert not door.state.unlocked


def test_it_relocks_when_the_door_that_was_opened_closes(door: Door) -> None:
    door(Input.GRANT, 1.0, 10.0)
    door(Input.DOOR_OPENED, 2.0)
    assert door.state.unlocked
    door(Input.DOOR_CLOSED, 3.0)
    assert door.places == ("locked", "closed")
    assert door.told == ["door.opened", "door.closed"]


@pytest.mark.parametrize("asked", [Input.GRANT, Input.EXIT_PRESSED])
def test_a_contact_that_rattles_under_the_hand_of_whoever_pulls_does_not_cut_their_pulse(
    asked: Input, door: Door
) -> None:
    door(asked, 1.0, 5.0)
    for at in (1.2, 1.6, 2.0):
        door(Input.DOOR_OPENED, at)
        door(Input.DOOR_CLOSED, at + PASSING_SECONDS - 0.001)
        assert door.state.unlocked
    door(Input.DOOR_CLOSED, 4.0)  # once more of the same
    assert door.state.unlocked
    door.wait(6.0)
    assert not door.state.unlocked


@pytest.mark.parametrize("asked", [Input.GRANT, Input.EXIT_PRESSED])
def test_after_it_has_rattled_it_relocks_behind_them_all_the_same(asked: Input, door: Door) -> None:
    door(asked, 1.0, 20.0)
    door(Input.DOOR_OPENED, 1.2)
    door(Input.DOOR_CLOSED, 1.23)
    door(Input.DOOR_OPENED, 1.5)
    door(Input.DOOR_CLOSED, 1.5 + PASSING_SECONDS)
    assert not door.state.unlocked


def test_a_pulse_that_comes_while_the_door_stands_open_runs_to_its_end_although_the_buzzer_warns_in_it(
    door: Door,
) -> None:
    door(Input.EXIT_PRESSED, 1.0)
    door(Input.DOOR_OPENED, 2.0)
    door(Input.GRANT, 21.0, 10.0)
    door.wait(22.5)
    assert door.state.warning
    door(Input.DOOR_CLOSED, 23.0)
    assert door.state.unlocked


def test_what_opens_and_is_then_asked_for_in_the_same_moment_counts_in_that_order(door: Door) -> None:
    door(Input.GRANT, 1.0)
    door(Input.DOOR_OPENED, 2.0)
    door(Input.EXIT_PRESSED, 2.0)
    door(Input.DOOR_CLOSED, 3.0)
    assert door.state.unlocked


def test_closing_behind_one_person_does_not_cut_the_next_ones_pulse(door: Door) -> None:
    door(Input.GRANT, 1.0, 5.0)
    door(Input.DOOR_OPENED, 2.0)
    door(Input.GRANT, 3.0, 5.0)
    door(Input.DOOR_CLOSED, 4.0)
    assert door.state.unlocked
    door.wait(8.0)
    assert not door.state.unlocked


def test_a_grant_nobody_used_is_told(door: Door) -> None:
    door(Input.GRANT, 1.0)
    door.wait(10.0)
    assert door.told == ["access.unused"]


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize(
    ("inputs", "end"),
    [
        ((Input.GRANT,), 4.0),
        ((Input.GRANT, Input.GRANT), 4.0),
        ((Input.GRANT, Input.EXIT_PRESSED), 6.0),
        ((Input.EXIT_PRESSED, Input.GRANT), 6.0),
        ((Input.EXIT_PRESSED, Input.GRANT, Input.LOCKDOWN), 2.0),
        ((Input.GRANT, Input.LOCKDOWN), 2.0),
    ],
)
def test_a_grant_nobody_used_is_told_once_whatever_else_was_asked_for(
    inputs: tuple[Input, ...], end: float, opened: bool, door: Door
) -> None:
    for what in inputs:
        if what is Input.LOCKDOWN and opened:
            door(Input.DOOR_OPENED, 1.5)
        door(what, 2.0 if what is Input.LOCKDOWN else 1.0)
    if Input.LOCKDOWN not in inputs and opened:
        door(Input.DOOR_OPENED, 1.5)
        door(Input.DOOR_CLOSED, 1.53)
    door.wait(end - 0.001)
    before = door.told.count("access.unused")
    door.wait(100.0)
    door(Input.RESUME, 100.0)
    door(Input.EXIT_PRESSED, 101.0)  # which has nothing to do with it
    door.wait(200.0)
    assert door.told.count("access.unused") == (not opened)
    assert before == (not opened and Input.LOCKDOWN in inputs)


@pytest.mark.parametrize("what", [Input.HOLD, Input.GRANT])
def test_who_was_granted_entry_at_an_open_or_a_held_door_needs_not_open_it(what: Input, door: Door) -> None:
    door(Input.GRANT, 1.0)
    if what is Input.GRANT:
        door(Input.DOOR_OPENED, 1.5)
    door(what, 2.0, 3.0)
    if what is Input.GRANT:
        door(Input.DOOR_CLOSED, 2.5)
    door.wait(10.0)
    assert "access.unused" not in door.told


def test_without_a_contact_nobody_knows_whether_it_was_used() -> None:
    door = Door(contact=False)
    door(Input.GRANT, 1.0)
    door.wait(10.0)
    assert door.told == []


@pytest.mark.parametrize("seconds", [0.0, -1.0, MAX_PULSE_SECONDS + 0.1, float("nan"), float("inf")])
def test_a_pulse_beyond_the_limits_is_a_mistake(seconds: float, door: Door) -> None:
    with pytest.raises(ValueError, match="grant lasts"):
        door(Input.GRANT, 1.0, seconds)
    with pytest.raises(ValueError, match="hold lasts"):
        door(Input.HOLD, 1.0, seconds if seconds < 1.0 else MAX_HOLD_SECONDS + seconds)


# The leaf.


def test_a_door_left_open_warns_and_then_alarms_until_it_closes(door: Door) -> None:
    door(Input.GRANT, 0.0)
    door(Input.DOOR_OPENED, 1.0)
    door.wait(20.999)
    assert not door.state.warning
    door.wait(21.0)
    assert door.state.warning
    assert door.told == ["door.opened"]
    door.wait(31.0)
    assert door.state.alarm
    door.wait(1000.0)
    assert door.state.alarm
    door(Input.DOOR_CLOSED, 1001.0)
    assert not door.state.alarm
    assert door.told == ["door.opened", "door.held_open", "door.closed"]


def test_a_door_that_opens_without_a_cause_is_forced(door: Door) -> None:
    door(Input.DOOR_OPENED, 1.0)
    assert door.state.alarm
    assert not door.state.unlocked
    door(Input.DOOR_CLOSED, 2.0)
    assert door.told == ["door.forced_open", "door.closed"]


def test_a_leaf_takes_a_while_to_leave_its_contact(door: Door) -> None:
    door(Input.GRANT, 0.0)
    door(Input.DOOR_OPENED, 3.0 + GRACE_SECONDS)
    assert door.told == ["access.unused", "door.opened"]
    late = Door()
    late(Input.GRANT, 0.0)
    late(Input.DOOR_OPENED, 3.1 + GRACE_SECONDS)
    assert late.told == ["access.unused", "door.forced_open"]


@pytest.mark.parametrize("held", [0.1, 20.0])
@pytest.mark.parametrize(("after", "told"), [(3.9, "door.opened"), (4.1, "door.forced_open")])
def test_the_handle_shunts_the_alarm_for_a_while_after_it_was_let_go(
    after: float, told: str, held: float, door: Door
) -> None:
    door(Input.HANDLE, 0.0)
    door(Input.HANDLE_RELEASED, held)
    door(Input.DOOR_OPENED, held + after)
    assert not door.state.unlocked
    assert door.told == ["exit.requested", told]


@pytest.mark.parametrize(("at", "told"), [
    (29.9, ["door.opened", "exit.stuck"]), (30.1, ["exit.stuck", "door.forced_open"])
])  # fmt: skip
def test_it_shunts_the_alarm_while_it_is_held_until_it_is_stuck(at: float, told: list[str], door: Door) -> None:
    door(Input.HANDLE, 0.0)
    door(Input.DOOR_OPENED, at)
    door.wait(40.0)
    assert door.told == ["exit.requested", *told]


def test_a_stuck_handle_shunts_nothing_until_it_was_let_go_and_is_used_again(door: Door) -> None:
    door(Input.HANDLE, 0.0)
    door(Input.HANDLE, 100.0)
    door(Input.DOOR_OPENED, 101.0)
    assert door.state.alarm
    door(Input.DOOR_CLOSED, 102.0)
    stuck = step(door.state, Input.HANDLE_RELEASED, 103.0, TIMES)
    assert dict(stuck.told[0].data) == {"by": "handle"}
    door(Input.HANDLE_RELEASED, 103.0)
    door(Input.DOOR_OPENED, 104.0)
    assert door.state.alarm
    door(Input.DOOR_CLOSED, 105.0)
    door(Input.HANDLE, 106.0)
    door(Input.DOOR_OPENED, 107.0)
    assert not door.state.alarm
    assert [told for told in door.told if told.startswith("exit.")] == [
        "exit.requested", "exit.stuck", "exit.requested", "exit.freed", "exit.requested"
    ]  # fmt: skip


def test_a_handle_used_again_shunts_from_then_on(door: Door) -> None:
    door(Input.HANDLE, 0.0)
    door(Input.HANDLE_RELEASED, 1.0)
    door(Input.HANDLE, 4.0)
    door(Input.HANDLE_RELEASED, 5.0)
    door(Input.DOOR_OPENED, 8.9)
    assert not door.state.alarm


# Exit, lockdown, hold, fire.


def test_the_exit_button_gives_one_pulse_an_edge_and_is_told_when_stuck(door: Door) -> None:
    door(Input.EXIT_PRESSED, 0.0)
    assert door.state.cause == "exit"
    door.wait(5.0)
    assert not door.state.unlocked
    door.wait(100.0)
    assert door.told == ["exit.requested", "exit.stuck"]
    assert door.state.button.place is Button.STUCK
    door(Input.EXIT_PRESSED, 101.0)
    assert door.state.unlocked
    door(Input.EXIT_RELEASED, 102.0)
    assert door.told[2:] == ["exit.requested", "exit.freed"]


def test_lockdown_refuses_entry_and_lets_out(door: Door) -> None:
    door(Input.LOCKDOWN, 0.0)
    assert door(Input.GRANT, 1.0).refused == "lockdown"
    assert door(Input.HOLD, 1.0, 60.0).refused == "lockdown"
    assert not door.state.unlocked
    door(Input.EXIT_PRESSED, 2.0)
    assert door.state.unlocked
    assert door(Input.GRANT, 3.0).refused == "lockdown"
    door(Input.DOOR_OPENED, 3.0)
    door(Input.DOOR_CLOSED, 4.0)
    assert door.places == ("lockdown", "closed")
    door(Input.RESUME, 5.0)
    assert door(Input.GRANT, 6.0).refused is None
    assert door.state.unlocked


def test_who_is_refused_in_lockdown_keeps_no_door_open_behind_whoever_went_out(door: Door) -> None:
    door(Input.LOCKDOWN, 0.0)
    door(Input.EXIT_PRESSED, 1.0)
    door(Input.DOOR_OPENED, 2.0)
    door(Input.GRANT, 2.5)
    door(Input.DOOR_CLOSED, 3.0)
    assert not door.state.unlocked


def test_lockdown_cuts_an_entry_short_but_no_exit(door: Door) -> None:
    door(Input.GRANT, 0.0)
    door(Input.LOCKDOWN, 1.0)
    assert not door.state.unlocked
    door(Input.RESUME, 2.0)
    door(Input.EXIT_PRESSED, 3.0)
    door(Input.LOCKDOWN, 4.0)
    assert door.state.unlocked
    door.wait(8.0)
    assert door.places == ("lockdown", "closed")


def test_a_hold_ends_by_itself_or_by_resume(door: Door) -> None:
    door(Input.HOLD, 0.0, 3600.0)
    door(Input.DOOR_OPENED, 10.0)
    door.wait(3599.0)
    assert door.state.unlocked
    assert door.places == ("scheduled hold-open", "open"), "it may stand open"
    door.wait(3600.0)
    assert not door.state.unlocked
    door.wait(3700.0)
    assert door.state.alarm, "from then on it may not"
    door(Input.HOLD, 3800.0, 60.0)
    assert not door.state.alarm
    door(Input.RESUME, 3801.0)
    assert not door.state.unlocked
    assert door.told == ["hold.started", "door.opened", "hold.ended", "door.held_open", "hold.started", "hold.ended"]


@pytest.mark.parametrize("leaving", [False, True])
def test_a_lockdown_ends_a_hold_and_both_are_told(door: Door, leaving: bool) -> None:
    door(Input.HOLD, 0.0, 3600.0)
    if leaving:
        door(Input.EXIT_PRESSED, 9.0)
    door(Input.LOCKDOWN, 10.0)
    door(Input.RESUME, 60.0)
    told = [event for event in door.told if not event.startswith("exit.")]
    assert told == ["hold.started", "hold.ended", "lockdown.started", "lockdown.ended"]


def test_fire_opens_in_lockdown_and_afterwards_lockdown_still_holds(door: Door) -> None:
    door(Input.LOCKDOWN, 0.0)
    door(Input.FIRE, 1.0)
    door.wait(10_000.0)
    assert (door.state.unlocked, door.state.cause) == (True, "fire")
    door(Input.FIRE_OVER, 10_001.0)
    assert not door.state.unlocked
    assert door.state.mode == "lockdown"
    assert door.told == ["lockdown.started", "fire.started", "fire.ended"]


def test_tamper_is_told_when_it_begins_and_ends(door: Door) -> None:
    for at, what in enumerate([Input.TAMPER, Input.TAMPER, Input.TAMPER_OVER]):
        door(what, float(at))
    assert door.told == ["door.tampered", "door.tamper_ended"]


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
        """Until when the lock must be unlocked for whoever asked to go out and has not passed the door yet."""
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
            self.leaving = None  # whoever it was for may have passed
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
