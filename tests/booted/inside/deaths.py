"""Runs in the guest: either service killed, stopped or out of memory, at a random moment of somebody's pulse."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import rig  # type: ignore[import-not-found]  # beside this file, in the guest

SLICE = Path("/sys/fs/cgroup/system.slice")
LOCK_PIN = 17
PULSE_SECONDS = 1.0


def out_of_memory(unit: str) -> float:
    """Take away the memory of a unit's group, until the kernel has ended who had it; the time of that end."""
    limit, process = SLICE / unit / "memory.max", rig.pid(unit)
    squeeze = threading.Thread(target=lambda: limit.write_text("4M"))  # the kernel reclaims first, which takes a while
    squeeze.start()
    at = rig.wait_for(lambda: _gone(process), 20.0, every=0.001)
    with suppress(FileNotFoundError):  # the group has gone with its last process, and the next has no limit
        limit.write_text("max")
    squeeze.join()
    return float(at)


def _gone(process: int) -> bool:
    try:
        return " Z " in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return True


HOW = {
    "killed": lambda unit: rig.kill(unit, signal.SIGKILL),
    "stopped": lambda unit: rig.kill(unit, signal.SIGSTOP),
    "out of memory": out_of_memory,
}


def repeat(unit: str, how: str, times: int, unlocked: int) -> list[float]:
    """Returns the moment of each death; afterwards the unit is in service again."""
    chance = random.Random(1)
    died = []
    for _ in range(times):
        rig.wait_for(lambda: rig.level(LOCK_PIN) != unlocked)
        rig.wait_for(lambda: rig.level(LOCK_PIN) == unlocked)  # somebody has pressed
        time.sleep(chance.random() * PULSE_SECONDS * 0.9)
        process = rig.pid(unit)
        died.append(HOW[how](unit))
        rig.wait_for_the_next(unit, process)
        time.sleep(0.5)
    return died


TAKE = """
import os, time
taken = [bytearray(os.urandom(1024)) * 4096 for _ in range(12)]
print(flush=True)
time.sleep(600)
"""
"""48 MB and no more: a process under user-mode Linux cannot have as many pages as the machine."""


def crowd_out(unit: str) -> float:
    """Take all the memory that the machine has, until the kernel has ended this unit's process; when that was."""
    Path("/proc/self/oom_score_adj").write_text("-900")  # and so of those who take it
    process, takers = rig.pid(unit), []
    try:
        while not _gone(process):
            taker = subprocess.Popen([sys.executable, "-c", TAKE], stdout=subprocess.PIPE)
            takers.append(taker)
            assert taker.stdout is not None
            taker.stdout.readline()
        return float(rig.now())
    finally:
        for taker in takers:
            taker.kill()
            taker.wait()
