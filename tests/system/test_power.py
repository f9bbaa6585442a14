"""The plug is pulled: the door is locked when the power comes back, and what was in the journal still is."""

from __future__ import annotations

import random
import time

from tests.system.door import LOCK_PIN, Door, number

STARTING_SECONDS = 8.0
"""What the services take to start, about."""

VERIFIED_EVERY = 10
"""Cuts. Damage to a chain stays: it is found as well ten cuts later."""


def test_after_a_power_cut_the_door_is_locked_and_its_journal_whole(new_door: Door, times: int) -> None:
    """Two cuts a turn: one in the pulse of somebody who is let in or just after it, one while the services start."""
    chance = random.Random(1)
    turns = 1 if times < 10 else times
    new_door.boot()
    for turn in range(turns):
        known = let_in_and_cut(new_door, chance.random() * 1.5)
        new_door.guest.boot()
        time.sleep(chance.random() * STARTING_SECONDS)
        assert new_door.guest.trace.spans(LOCK_PIN, new_door.unlocked) == []
        new_door.guest.cut_power()
        new_door.boot()
        assert new_door.guest.trace.spans(LOCK_PIN, new_door.unlocked) == []
        assert known.items() <= recorded(new_door).items(), "an event that was in the journal is gone"
        if turn % VERIFIED_EVERY == 0 or turn == turns - 1:
            assert ": intact, " in new_door.guest.run("edgegate journal verify", timeout=60)


def let_in_and_cut(door: Door, after_seconds: float) -> dict[int, str]:
    """What the journal had, read while the door was open."""
    start = door.guest.trace.now
    door.show("enrolled")
    door.guest.trace.wait_for_level(LOCK_PIN, door.unlocked, start)
    known = recorded(door)
    time.sleep(after_seconds)
    door.guest.cut_power()
    return known


def recorded(door: Door) -> dict[int, str]:
    return {number(event): event["type"] for event in door.events()}
