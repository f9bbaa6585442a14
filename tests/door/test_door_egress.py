"""Requests to exit, lockdown, hold, fire and tamper at the door's table."""

from __future__ import annotations

import pytest

from edgegate.door import Button, Input
from tests.support.door_machine import Door

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
