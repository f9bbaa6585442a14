"""The lock's part of `check`: asked of its keeper, or tried in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from edgegate import app, clock
from edgegate.cli.common import State
from edgegate.config import Config
from edgegate.keeper.client import KeeperClient
from edgegate.lock.interface import LockStatus, another_door
from edgegate.lock.strike import outputs_stay

_OUTPUTS_STAY = (
    "this kernel leaves the pins of a program that died as they were, so that an open lock may stay open: "
    "add dtparam=strict_gpiod to /boot/firmware/config.txt and reboot"
)


def lock(config: Config, stay: Callable[[], bool] = outputs_stay) -> tuple[State, str]:
    """Returns the lock's state and details; `stay` is true where a dead program's pins stay as they were.

    Raises LockError where it cannot be tried.
    """
    opened = app.open_lock(config, clock.SystemClock(), lambda _event: None)
    try:
        state, found = _asked(opened, config) if isinstance(opened, KeeperClient) else _held(config)
    finally:
        opened.close()
    if config.door.pins == "gpio" and stay():
        return ("failed" if state == "failed" else "warning"), f"{found}; {_OUTPUTS_STAY}"
    return state, found


def _held(config: Config) -> tuple[State, str]:
    level = "low" if config.door.active_high else "high"
    wired = f"GPIO {config.door.lock_pin} is held locked ({level})"
    return ("ok", wired) if config.door.pins == "gpio" else ("warning", f"mock pins: no lock will open; {wired}")


def _asked(keeper: KeeperClient, config: Config) -> tuple[State, str]:
    status = keeper.ask_status()
    if status.fault is not None:
        return "failed", f"the lock keeper says: {status.fault}"
    if status.spool is not None:
        return "warning", f"the lock keeper says: {status.spool}"
    level = "locked" if status.locked else "unlocked"
    found = f"the lock keeper at {config.door.keeper} answers: {level}, mode {status.mode}, door {status.door}"
    remarks = list(_remarks(status, config))
    return ("warning", "; ".join([found, *remarks])) if remarks else ("ok", found)


def _remarks(status: LockStatus, config: Config) -> Iterator[str]:
    """Yields reasons that the door may not do what somebody expects of it, although all works."""
    if status.mode == "lockdown":
        yield "nobody is let in: `edgegate access resume` ends the lockdown"
    if status.fire:
        yield "the fire input keeps it unlocked"
    if (other := another_door(status, config.door.wiring)) is not None:
        yield other
