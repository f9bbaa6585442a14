"""The lock with its door wired: button, contact, handle, fire, lamps and buzzer on mock pins and a virtual clock."""

from __future__ import annotations

from edgegate.events.vocabulary import EventType
from edgegate.lock.wiring import Wiring
from tests.support.lock_door import (
    BUZZER,
    CONTACT,
    EXIT,
    FIRE,
    GREEN,
    HANDLE,
    RED,
    TAMPER,
    WIRING,
    Door,
)


def test_somebody_comes_in_and_the_door_relocks_behind_them(door: Door) -> None:
    door.grant()
    assert door.lit(GREEN)
    door.wait(1.0)
    door.flip(CONTACT)
    door.wait(1.0)
    door.flip(CONTACT)
    assert not door.open
    assert not door.lit(GREEN)
    assert door.types == ["lock.unlocked", "door.opened", "door.closed", "lock.locked"]
    assert door.told[0].data == {"cause": "grant"}


def test_the_button_opens_once_an_edge(door: Door) -> None:
    door.flip(EXIT)
    assert door.open
    door.wait(100.0)
    assert not door.open
    assert door.types == ["exit.requested", "lock.unlocked", "lock.locked", "exit.stuck"]
    assert (door.told[0].data, door.told[1].data) == ({"by": "button"}, {"cause": "exit"})


def test_a_forced_door_sounds_and_the_handle_shunts_it(door: Door) -> None:
    door.flip(CONTACT)
    assert door.lit(BUZZER)
    assert door.lock.status().door == "forced_open"
    door.flip(CONTACT)
    assert not door.lit(BUZZER)
    door.flip(HANDLE)
    door.flip(CONTACT)
    assert not door.lit(BUZZER)
    assert door.types == ["door.forced_open", "door.closed", "exit.requested", "door.opened"]


def test_the_status_names_how_a_door_stands_open(door: Door) -> None:
    door.grant()
    door.flip(CONTACT)
    assert door.lock.status().door == "open"
    door.wait(WIRING.open_seconds)
    assert door.lock.status().door == "held_open_warning"
    door.wait(WIRING.warning_seconds)
    assert door.lock.status().door == "held_open"
    door.flip(CONTACT)
    assert door.lock.status().door == "closed"


def test_a_bar_may_be_held_for_longer_than_it_shunts_once_let_go(door: Door) -> None:
    door.flip(HANDLE)
    for _ in range(60):
        door.wait(WIRING.shunt_seconds / 30)
        door.lock.tick()
    door.flip(CONTACT)
    door.flip(CONTACT)
    door.flip(HANDLE)
    door.wait(WIRING.shunt_seconds + 0.1)
    door.flip(CONTACT)
    assert door.types == ["exit.requested", "door.opened", "door.closed", "door.forced_open"]


def test_a_handle_that_stays_pressed_is_told_once_and_shunts_no_more(door: Door) -> None:
    door.flip(HANDLE)
    for _ in range(50):
        door.wait(1.0)
        door.lock.tick()
    door.flip(CONTACT)
    assert door.lit(BUZZER)
    assert door.types == ["exit.requested", "exit.stuck", "door.forced_open"]
    assert door.told[1].data == {"by": "handle"}


def test_lockdown_lights_the_red_lamp_and_a_fire_opens_all_the_same(door: Door) -> None:
    door.lock.lockdown()
    assert door.lit(RED)
    assert not door.grant()
    door.flip(FIRE)
    assert door.open
    assert door.lock.status().fire
    door.wait(86_400.0)
    assert door.open
    door.flip(FIRE)
    assert not door.open
    assert [event.data for event in door.told if event.type is EventType.UNLOCKED] == [{"cause": "fire"}]


def test_a_hold_that_the_end_of_the_keeper_ends_is_told_to_have_ended() -> None:
    door = Door()
    assert door.lock.hold(3600.0)
    door.lock.close()
    door.lock.close()
    assert door.types == ["hold.started", "lock.unlocked", "hold.ended", "lock.locked"]


def test_the_end_of_the_keeper_ends_no_hold_where_none_is() -> None:
    door = Door()
    assert door.lock.hold(3600.0)
    door.lock.lockdown()
    door.lock.close()
    assert door.types.count("hold.ended") == 1


def test_a_fire_leaves_a_hold_to_its_own_end() -> None:
    door = Door()
    assert door.lock.hold(60.0)
    door.flip(FIRE)
    door.wait(61.0)
    assert (door.open, door.types[-1]) == (True, "hold.ended")
    door.flip(FIRE)
    assert not door.open
    door.lock.close()
    assert door.types.count("hold.ended") == 1


def test_a_cut_fire_wire_counts_as_fire_and_a_cut_tamper_loop_is_reported() -> None:
    door = Door(FIRE, TAMPER)
    assert door.open
    assert door.types == ["fire.started", "lock.unlocked", "door.tampered"]
    door.lock.close()
    assert not door.open


def test_at_the_start_an_open_door_is_not_forced_and_a_pressed_button_is_no_edge() -> None:
    door = Door(CONTACT, EXIT, HANDLE)
    assert (door.open, door.types) == (False, [])
    assert door.lock.status().door == "open"
    for _ in range(100):
        door.wait(1.0)
        door.lock.tick()
    assert door.types == ["door.held_open", "exit.stuck", "exit.stuck"]
    assert [event.data for event in door.told[1:]] == [{"by": "button"}, {"by": "handle"}]
    door.lock.close()


def test_contacts_that_are_open_while_the_door_is_closed() -> None:
    wiring = Wiring(pins="mock", contact_pin=CONTACT, contact_closed=False, fire_pin=FIRE, fire_opens=False)
    door = Door(CONTACT, FIRE, wiring=wiring)
    assert (door.open, door.lock.status().door) == (False, "closed")
    door.flip(CONTACT)
    assert door.types == ["door.forced_open"]
    door.flip(FIRE)
    assert door.open
    door.lock.close()
