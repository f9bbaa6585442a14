"""Used by tests' programs in the guest: what hangs on the lines, and what happens to the services, with the time."""

from __future__ import annotations

import glob
import json
import os
import signal
import subprocess
import time
from pathlib import Path

BANK = Path(glob.glob("/sys/devices/platform/gpio-sim.0/gpiochip*")[0])
CONFIG = Path("/etc/edgegate/config.toml")
now = time.monotonic


def level(line: int) -> int:
    """What is on a line."""
    return int((BANK / f"sim_gpio{line}" / "value").read_text())


def ground(line: int, *, connected: bool = True) -> float:
    """Connect a line to ground, as a pressed button does, or let go; the time. Only once its input is claimed: a
    program that claims an input with a pull-up sets this too."""
    (BANK / f"sim_gpio{line}" / "pull").write_text("pull-down" if connected else "pull-up")
    return now()


def show(unit: str, name: str) -> str:
    """A property of a unit."""
    return subprocess.check_output(["systemctl", "show", "--value", "-p", name, unit], text=True).strip()


def pid(unit: str) -> int:
    return int(show(unit, "MainPID"))


def kill(unit: str, number: int = signal.SIGKILL) -> float:
    """Send a signal to a unit's main process; the time just before."""
    process = pid(unit)
    at = now()
    os.kill(process, number)
    return at


def wait_for(condition, timeout: float = 30.0) -> float:  # type: ignore[no-untyped-def]
    """Until `condition()` is true; the time. Raises TimeoutError."""
    end = now() + timeout
    while not condition():
        if now() > end:
            raise TimeoutError
        time.sleep(0.005)
    return now()


def configure(key: str, value: object) -> None:
    """Set `table.key` in the installed config, as an editor would; whoever reads it has to be restarted."""
    table, _, name = key.partition(".")
    text = json.dumps(value)  # the same in TOML for what is set here
    lines, inside, done = CONFIG.read_text().splitlines(), False, False
    for index, line in enumerate(lines):
        if line.startswith("["):
            inside = line.strip() == f"[{table}]"
        elif inside and line.partition("=")[0].strip() == name:
            lines[index], done = f"{name} = {text}", True
    if not done:
        raise KeyError(key)
    CONFIG.write_text("\n".join(lines) + "\n")
