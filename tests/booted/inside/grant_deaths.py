"""Runs in the guest: the daemon killed or stopped at moments all over the pulse that it has granted somebody."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import rig  # type: ignore[import-not-found]  # beside this file, in the guest

LOCK_PIN = 17
SCENE = Path("/run/scene")
PULSE_SECONDS = 1.0
REARM_SECONDS = 2.5
"""access.rearm_seconds, and some."""

READY_SECONDS = 90.0


def repeat(unit: str, how: str, times: int, unlocked: int) -> list[float]:
    """Returns the moment of each signal: they are spread over the whole pulse."""
    died = []
    for turn in range(times):
        process = rig.pid(unit)  # before: to ask for it takes a good part of a pulse
        SCENE.write_text("enrolled")
        opened = rig.wait_for(lambda: rig.level(LOCK_PIN) == unlocked, READY_SECONDS)
        time.sleep(max(opened + (turn + 0.5) / times * PULSE_SECONDS * 0.9 - rig.now(), 0.0))
        died.append(rig.now())
        os.kill(process, getattr(signal, how))
        SCENE.write_text("nobody")
        rig.wait_for(lambda: rig.level(LOCK_PIN) != unlocked)
        if how == "SIGSTOP":
            os.kill(process, signal.SIGCONT)  # its restart by the watchdog is another case
            time.sleep(REARM_SECONDS)
        else:
            rig.wait_for_the_next(unit, process)
    return died
