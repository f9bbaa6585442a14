"""The door's table: what follows from what, on made-up times."""

from __future__ import annotations

import pytest

from edgegate.door import MAX_HOLD_SECONDS, Input, step
from edgegate.door.pulse import MAX_PULSE_SECONDS
from edgegate.door.table import GRACE_SECONDS, PASSING_SECONDS
from tests.support.door_machine import TIMES, Door

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
def test_a_contact_that_rattles_while_somebody_pulls_does_not_cut_their_pulse(asked: Input, door: Door) -> None:
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


def test_a_pulse_at_an_open_door_runs_to_its_end_although_the_buzzer_warns(
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
