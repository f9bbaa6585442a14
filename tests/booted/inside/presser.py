"""Runs in the guest: presses the exit button again and again, like somebody who wants out whatever else is going on.

Pressed until the line is at the level given as the argument, and again after half a second where it does not come. Each
line of /run/presses is a press: `first-pressed answered times-pressed`, in seconds of the monotonic clock.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import memory  # type: ignore[import-not-found]  # beside this file, in the guest
import rig  # type: ignore[import-not-found]

EXIT_PIN, LOCK_PIN = 20, 17
PRESSES = "/run/presses"
ENOUGH = Path("/run/pressed-enough")
"""A file that ends the presses once somebody makes it."""

PATIENCE_SECONDS = 0.5
GIVEN_UP_SECONDS = 60.0


def press(unlocked: int) -> str:
    """Somebody at the button, until the door is open."""
    rig.wait_for(lambda: rig.level(LOCK_PIN) != unlocked, GIVEN_UP_SECONDS)
    first, tries, opened = rig.now(), 0, False
    while not opened:
        if rig.now() > first + GIVEN_UP_SECONDS:
            return f"{first} never {tries}"
        rig.ground(EXIT_PIN)
        tries += 1
        end = rig.now() + PATIENCE_SECONDS
        while not (opened := rig.level(LOCK_PIN) == unlocked) and rig.now() < end:
            time.sleep(0.002)
        answered = rig.now()
        time.sleep(0.1)
        rig.ground(EXIT_PIN, connected=False)
        time.sleep(0.1)
    return f"{first} {answered} {tries}"


def main() -> None:
    memory.stay()
    unlocked, chance = int(sys.argv[1]), random.Random(1)
    with open(PRESSES, "a", buffering=1) as presses:  # noqa: PTH123
        while not ENOUGH.exists():
            presses.write(press(unlocked) + "\n")
            rig.wait_for(lambda: rig.level(LOCK_PIN) != unlocked, GIVEN_UP_SECONDS)
            time.sleep(0.2 + chance.random())


if __name__ == "__main__":
    main()
