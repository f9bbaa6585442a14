"""The plug is pulled: the door is locked when the power comes back, and what was in the journal still is."""

from __future__ import annotations

import random
import time

from tests.system.door import LOCK_PIN, Door, number


def test_after_a_power_cut_the_door_is_locked_and_its_journal_whole(new_door: Door, times: int) -> None:
    chance = random.Random(1)
    new_door.boot()
    for _ in range(1 if times < 10 else 2 * times):
        start = new_door.guest.trace.now
        new_door.show("enrolled")
        new_door.guest.trace.wait_for_level(LOCK_PIN, new_door.unlocked, start)
        known = {number(event): event["type"] for event in new_door.events()}
        time.sleep(chance.random())
        new_door.guest.cut_power()
        new_door.boot()
        assert new_door.guest.trace.spans(LOCK_PIN, new_door.unlocked) == []
        after = {number(event): event["type"] for event in new_door.events()}
        assert known.items() <= after.items(), "an event that was in the journal is gone"
        assert "intact" in new_door.guest.run("edgegate journal verify", timeout=60)
