"""Used by tests' programs in the guest: what hangs on the lines, and what happens to the services, with the time."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

BANK = next(Path("/sys/devices/platform/gpio-sim.0").glob("gpiochip*"))
CONFIG = Path("/etc/edgegate/config.toml")
JOURNAL = Path("/var/lib/edgegate/journal.db")
GROUPS = Path("/sys/fs/cgroup/system.slice")
PREFIX = "io.edgegate."
now = time.monotonic


def level(line: int) -> int:
    """Returns the level of a line, 0 or 1."""
    return int((BANK / f"sim_gpio{line}" / "value").read_text())


def ground(line: int, *, connected: bool = True) -> float:
    """Connect a line to ground, as a pressed button does, or let go; the time. Only once its input is claimed: a
    program that claims an input with a pull-up sets this too.
    """
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


def kill_children(unit: str) -> float:
    """Kill what a unit's main process has forked; the time just before."""
    children = {int(one) for one in (GROUPS / unit / "cgroup.procs").read_text().split()} - {pid(unit)}
    at = now()
    for child in children:
        os.kill(child, signal.SIGKILL)
    return at


def kill_all(unit: str) -> float:
    """Kill every process of a unit at once; the time just before."""
    at = now()
    (GROUPS / unit / "cgroup.kill").write_text("1")
    return at


def wait_until_active(unit: str, timeout: float = 60.0) -> float:
    """The time when systemd took it as started, to a fifth of a second."""
    return wait_for(lambda: show(unit, "ActiveState") == "active", timeout, every=0.2)


def wait_for_the_next(unit: str, process: int, timeout: float = 90.0) -> None:
    """Until a unit is in service with another main process than this one."""
    wait_for(lambda: pid(unit) not in (0, process), timeout, every=0.1)
    wait_for(lambda: show(unit, "SubState") == "running", timeout, every=0.1)


def wait_for(condition: Callable[[], bool], timeout: float = 30.0, every: float = 0.005) -> float:
    """Until `condition()` is true; the time. Raises TimeoutError."""
    end = now() + timeout
    while not condition():
        if now() > end:
            raise TimeoutError
        time.sleep(every)
    return now()


def configure(key: str, value: object) -> None:
    """Set `table.key` in the installed config, as an editor would; its readers have to be restarted."""
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


def events(*kinds: str, after: int = 0) -> list[dict[str, object]]:
    """Returns the events of these kinds (none: all) in the daemon's journal, in order, from number `after` + 1 on."""
    with sqlite3.connect(f"file:{JOURNAL}?mode=ro", uri=True, timeout=10) as db:
        rows = db.execute("SELECT event FROM events WHERE seq > ? ORDER BY seq", (after,)).fetchall()
    journal = [json.loads(event) for (event,) in rows]
    return [event for event in journal if not kinds or event["type"].removeprefix(PREFIX) in kinds]


def last_number() -> int:
    """Of the daemon's journal."""
    with sqlite3.connect(f"file:{JOURNAL}?mode=ro", uri=True, timeout=10) as db:
        return int(db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])


def wait_for_event(kind: str, after: int = 0, timeout: float = 30.0) -> dict[str, object] | None:
    """The first event of this kind after number `after`, waited for; None if none came."""
    with suppress(TimeoutError):
        wait_for(lambda: bool(JOURNAL.exists() and events(kind, after=after)), timeout, every=0.1)
    return next(iter(events(kind, after=after)), None)
