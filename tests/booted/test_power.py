"""The plug is pulled while somebody presses the exit button all the time: when the power comes back the door is locked
until it is pressed again, and what was in the journal still is.
"""

from __future__ import annotations

import random
import time

from tests.booted.door import EXIT_PIN, LOCK_PIN, Door, number
from tests.booted.pressing import always_pressing
from tests.booted.trace import Span

STARTING_SECONDS = 8.0
"""Seconds that the services take to start, about."""

VERIFIED_EVERY = 10
"""Cuts. Damage to a chain stays: it is found as well ten cuts later."""


def test_after_a_power_cut_the_door_is_locked_and_its_journal_whole(new_door: Door, times: int) -> None:
    """Two cuts a turn: one in the pulse of somebody who is let in or just after it, one while the services start."""
    chance = random.Random(1)
    turns = 1 if times < 10 else times
    always_pressing(new_door.boot())
    pressed = 0
    for turn in range(turns):
        known = let_in_and_cut(new_door, chance.random() * 1.5)
        assert len(without_a_press(new_door)) <= 1  # the person who was let in
        pressed += len(new_door.guest.trace.presses(EXIT_PIN))
        new_door.guest.boot()
        time.sleep(chance.random() * STARTING_SECONDS)
        new_door.guest.cut_power()
        assert without_a_press(new_door) == []
        new_door.boot()
        assert without_a_press(new_door) == []
        assert known.items() <= recorded(new_door).items(), "an event that was in the journal is gone"
        if turn % VERIFIED_EVERY == 0 or turn == turns - 1:
            assert ": intact, " in new_door.guest.run("edgegate journal verify", timeout=60)
    assert pressed >= turns


def let_in_and_cut(door: Door, after_seconds: float) -> dict[int, str]:
    """Returns the journal by number, read just after somebody was let in."""
    before = max(recorded(door), default=0)
    door.show("enrolled")
    door.wait_for_event("access.granted", after=before)
    known = recorded(door)
    time.sleep(after_seconds)
    door.guest.cut_power()
    return known


def without_a_press(door: Door) -> list[Span]:
    """The times since the last boot that the door was open and nobody had pressed."""
    trace = door.guest.trace
    return [span for span in trace.spans(LOCK_PIN, door.unlocked) if not trace.pressed(EXIT_PIN, span.start)]


def recorded(door: Door) -> dict[int, str]:
    return {number(event): event["type"] for event in door.events()}
