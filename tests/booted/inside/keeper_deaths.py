"""Runs in the guest, with edgegate's Python: unlocks the door, and lets the keeper die while it is unlocked.

`repeat(times, how, …)` gives, for each time, when that was and when the keeper answered again.
"""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import rig  # type: ignore[import-not-found]  # beside this file, in the guest

from edgegate.clock import SystemClock
from edgegate.door.pulse import Pulse
from edgegate.errors import LockError
from edgegate.keeper.client import KeeperClient

KEEPER = "edgegate-lock.service"
SOCKET = Path("/run/edgegate-lock/keeper.sock")
PULSE_SECONDS = 20.0
"""Much longer than any death may leave it open."""

HOW = {
    "killed": lambda: rig.kill(KEEPER, signal.SIGKILL),
    "stopped": lambda: rig.kill(KEEPER, signal.SIGSTOP),
    "without its guardian": lambda: rig.kill_children(KEEPER),
    "killed with its guardian": lambda: rig.kill_all(KEEPER),
}

client = KeeperClient(SOCKET, SystemClock(), lambda _event: None)


def answers() -> bool:
    try:
        return client.ask_status().locked
    except LockError:
        return False


def pulse(seconds: float) -> float:
    """Ask for a pulse; the time just after the answer."""
    assert client.pulse(Pulse(seconds, time.monotonic() + 2.0, visit=0))
    return float(rig.now())


def repeat(times: int, how: str, pin: int, unlocked: int, seed: int = 1) -> list[tuple[float, float]]:
    """`times` deaths, each at a random moment of a pulse."""
    chance = random.Random(seed)
    deaths = []
    for _ in range(times):
        rig.wait_for(answers, 60.0)
        pulse(PULSE_SECONDS)
        rig.wait_for(lambda: rig.level(pin) == unlocked, 1.0)
        time.sleep(chance.random())
        at = HOW[how]()
        rig.wait_for(lambda: rig.level(pin) != unlocked, 30.0)
        deaths.append((at, rig.wait_for(answers, 60.0)))
    return deaths
