"""The keeper dies while the door is open: the line must be locked at once, by whoever is left."""

from __future__ import annotations

import signal

from tests.system.conftest import Figures
from tests.system.door import KEEPER, LOCK_PIN, Door

KILL_SECONDS = 0.2
HANG_SECONDS = 2.0 + 0.3
"""WatchdogSec of its unit, and what its end may take."""


def deaths(door: Door, times: int, what: signal.Signals) -> list[float]:
    """How long the line stayed unlocked after each."""
    program = "import keeper_deaths; give(keeper_deaths.repeat(times, signal, pin, unlocked))"
    died = door.python(
        program, times=times, signal=int(what), pin=LOCK_PIN, unlocked=door.unlocked, timeout=60 + 20 * times
    )  # fmt: skip
    trace = door.guest.trace
    assert len(trace.spans(LOCK_PIN, door.unlocked, died[0][0])) == times, "and never opened by itself afterwards"
    return [trace.wait_for_level(LOCK_PIN, door.locked, at) - at for at, _ in died]


def test_killed_it_is_locked_in_a_fifth_of_a_second(door: Door, times: int, figures: Figures) -> None:
    seconds = deaths(door, times, signal.SIGKILL)
    figures.add("the keeper killed while unlocked, until locked", seconds)
    assert max(seconds) <= KILL_SECONDS


def test_so_it_is_on_a_relay_board_that_switches_on_low(new_door: Door, times: int, figures: Figures) -> None:
    new_door.boot().active_low()
    seconds = deaths(new_door, times, signal.SIGKILL)
    figures.add("the keeper killed while unlocked, until locked, active-low", seconds)
    assert max(seconds) <= KILL_SECONDS


def test_hanging_it_is_locked_when_the_watchdog_bites(door: Door, times: int, figures: Figures) -> None:
    seconds = deaths(door, times, signal.SIGSTOP)
    figures.add("the keeper hanging while unlocked, until locked", seconds)
    assert max(seconds) <= HANG_SECONDS


def test_the_services_outlive_all_that(door: Door) -> None:
    assert door.guest.run(f"systemctl is-active {KEEPER}").strip() == "active"
