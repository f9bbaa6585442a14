"""The lock's line, whatever becomes of the two services: pulses end on time, and a dead keeper's door is locked."""

from __future__ import annotations

import pytest

from tests.booted.conftest import FULL, SLACK, Figures
from tests.booted.door import DAEMON, EXIT_PIN, KEEPER, LOCK_PIN, Door

PULSE_SECONDS = 1.0
TOLERANCE = 0.05 + SLACK
KILL_SECONDS = 0.2 + SLACK
HANG_SECONDS = 2.0 + 0.3 + SLACK
"""WatchdogSec of the keeper's unit, and what its end may take."""

ALONE_SECONDS = 0.5 + SLACK
"""Seconds with only one of the two that lock a dead keeper's door: the keeper looks for its guardian at every turn of
its loop, and systemd has to start a program."""

SAMPLES_PER_SECOND = 100

PULSES = """
import keeper_deaths, rig, time
rig.wait_for(keeper_deaths.answers, 60.0)
for _ in range(times):
    keeper_deaths.pulse(seconds)
    time.sleep(seconds + 0.3)
"""


def measure_pulses(door: Door, times: int) -> list[float]:
    trace, start = door.guest.trace, door.guest.trace.now
    door.python(PULSES, times=times, seconds=PULSE_SECONDS, timeout=60 + 2 * times)
    spans = trace.spans(LOCK_PIN, door.unlocked, start)
    assert len(spans) == times
    if FULL:
        assert trace.samples_per_second(spans[0].start, spans[-1].start) >= SAMPLES_PER_SECOND
        assert trace.longest_gap(spans[0].start, spans[-1].start) < TOLERANCE, "this machine is too busy to measure on"
    return [span.seconds for span in spans]


def deaths(door: Door, times: int, how: str) -> list[float]:
    """Seconds that the line stayed unlocked after each death."""
    program = "import keeper_deaths; give(keeper_deaths.repeat(times, how, pin, unlocked))"
    died = door.python(
        program, times=times, how=how, pin=LOCK_PIN, unlocked=door.unlocked, timeout=60 + 20 * times
    )  # fmt: skip
    trace = door.guest.trace
    assert len(trace.spans(LOCK_PIN, door.unlocked, died[0][0])) == times, "and never opened by itself afterwards"
    return [trace.wait_for_level(LOCK_PIN, door.locked, at) - at for at, _ in died]


def test_a_pulse_is_as_long_as_asked_for(door: Door, times: int, figures: Figures) -> None:
    lengths = measure_pulses(door, times)
    figures.add("a pulse of 1 s, active-high", lengths)
    assert lengths == pytest.approx([PULSE_SECONDS] * times, abs=TOLERANCE)


PRESSES = """
import rig, time
pressed = []
for _ in range(times):
    pressed.append(rig.ground(pin))
    time.sleep(0.3)
    rig.ground(pin, connected=False)
    time.sleep(seconds + 0.2)
give(pressed)
"""


def test_the_exit_button_opens_while_the_daemon_is_dead(door: Door, times: int, figures: Figures) -> None:
    known, start = {event["data"].get("keeper") for event in door.events("exit.requested")}, door.guest.trace.now
    door.guest.run(f"systemctl stop {DAEMON}")
    pressed = door.guest.python(PRESSES, pin=EXIT_PIN, times=times, seconds=PULSE_SECONDS, timeout=60 + 3 * times)
    spans = door.guest.trace.spans(LOCK_PIN, door.unlocked, start)
    after = [span.start - at for span, at in zip(spans, pressed, strict=True)]
    figures.add("from the exit button to the open lock, the daemon dead", after)
    assert min(after) >= 0
    assert max(after) < KILL_SECONDS
    assert [span.seconds for span in spans] == pytest.approx([PULSE_SECONDS] * times, abs=TOLERANCE)
    door.guest.run(f"systemctl start {DAEMON}", timeout=90)
    door.python(
        "import rig\n"
        "every = lambda: [event['data']['keeper'] for event in rig.events('exit.requested')]\n"
        "published = lambda: [name for name in every() if name not in known]\n"
        "rig.wait_for(lambda: len(published()) >= times, 60.0, every=0.2)\n"
        "assert len(set(published())) == len(published()) == times, 'the keeper kept them, and published each once'",
        known=known, times=times, timeout=80,
    )  # fmt: skip


def test_killed_it_is_locked_in_a_fifth_of_a_second(door: Door, times: int, figures: Figures) -> None:
    seconds = deaths(door, times, "killed")
    figures.add("the keeper killed while unlocked, until locked", seconds)
    assert max(seconds) <= KILL_SECONDS


def test_hanging_it_is_locked_when_the_watchdog_bites(door: Door, times: int, figures: Figures) -> None:
    seconds = deaths(door, times, "stopped")
    figures.add("the keeper hanging while unlocked, until locked", seconds)
    assert max(seconds) <= HANG_SECONDS


@pytest.mark.full
@pytest.mark.parametrize("how", ["without its guardian", "killed with its guardian"])
def test_either_of_the_two_that_lock_for_a_dead_keeper_is_enough(
    door: Door, how: str, times: int, figures: Figures
) -> None:
    seconds = deaths(door, times, how)
    figures.add(f"the keeper {how} while unlocked, until locked", seconds)
    assert max(seconds) <= ALONE_SECONDS


def test_the_services_outlive_all_that(door: Door) -> None:
    assert door.guest.run(f"systemctl is-active {KEEPER}").strip() == "active"


def test_all_that_holds_on_a_relay_board_that_switches_on_low(new_door: Door, times: int, figures: Figures) -> None:
    new_door.boot().active_low()
    lengths = measure_pulses(new_door, times)
    figures.add("a pulse of 1 s, active-low", lengths)
    assert lengths == pytest.approx([PULSE_SECONDS] * times, abs=TOLERANCE)
    assert new_door.guest.trace.level(LOCK_PIN) == 1
    seconds = deaths(new_door, times, "killed")
    figures.add("the keeper killed while unlocked, until locked, active-low", seconds)
    assert max(seconds) <= KILL_SECONDS
