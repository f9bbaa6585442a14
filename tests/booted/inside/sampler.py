"""Runs in the guest: reads the level of GPIO lines every 4 ms, from sysfs, and prints every change at once.

A line of its output is `seconds pin level` (monotonic clock) for a change, and `seconds # samples longest-gap` ten
times a second, so that a reader knows how closely the lines were watched. The simulator's `value` is what a
meter on the pin would show, no matter which program drives it.
"""

from __future__ import annotations

import os
import time
import tty
from pathlib import Path

import memory  # type: ignore[import-not-found]  # beside this file, in the guest

CONSOLE = "/dev/tty2"
PERIOD = 0.004
REPORT_SECONDS = 0.1
LINES = range(2, 28)
"""The pins of a Raspberry Pi's header."""
LOCK_PIN, EXIT_PIN = 17, 20
"""They are read every time, the others in turn."""


def main() -> None:
    memory.stay()
    console = os.open(CONSOLE, os.O_WRONLY | os.O_NOCTTY)
    tty.setraw(console)
    bank = next(Path("/sys/devices/platform/gpio-sim.0").glob("gpiochip*"))
    files = {line: os.open(f"{bank}/sim_gpio{line}/value", os.O_RDONLY) for line in LINES}
    levels: dict[int, bytes] = {}
    others = [line for line in LINES if line not in (LOCK_PIN, EXIT_PIN)]
    last = reported = time.monotonic()
    samples, gap, turn = 0, 0.0, 0
    while True:
        turn = (turn + 1) % len(others)
        report = ""
        for line in (LOCK_PIN, EXIT_PIN, others[turn]):
            level = os.pread(files[line], 1, 0)
            now = time.monotonic()
            if levels.get(line) != level:
                levels[line] = level
                report += f"{now:.6f} {line} {level.decode()}\n"
        samples, gap, last = samples + 1, max(gap, now - last), now
        if now - reported >= REPORT_SECONDS:
            report += f"{now:.6f} # {samples} {gap:.6f}\n"
            samples, gap, reported = 0, 0.0, now
        if report:
            os.write(console, report.encode())
        time.sleep(PERIOD)


if __name__ == "__main__":
    main()
