"""Either service dies, again and again and in every way, while somebody presses the exit button all the time."""

from __future__ import annotations

import pytest

from tests.booted.conftest import FULL, SLACK, Figures
from tests.booted.door import DAEMON, KEEPER, LOCK_PIN, Door, number
from tests.booted.pressing import Watched, pressing

PULSE_SECONDS, TOLERANCE = 1.0, 0.05 + SLACK
ALIVE_SECONDS = 0.2 + SLACK
"""Seconds until the line is locked after the keeper's death, by its guardian."""

ALONE_SECONDS = 0.5 + SLACK
"""Seconds until systemd's program locks, where the guardian may have died with the keeper."""

WATCHDOG_SECONDS = 2.0 + 0.3 + SLACK

LEFT = (
    "find /var/lib/edgegate /var/lib/edgegate-lock /run/edgegate-lock /tmp /var/tmp /dev/shm -mindepth 1 -not -type d"
)
"""Lists the files that the services left, or might have left."""


@pytest.fixture
def deaths() -> int:
    """The number of deaths of each kind: one, or with FULL=1 as many as make fifty pulses and more."""
    return 20 if FULL else 1


def die(door: Door, unit: str, how: str, times: int) -> tuple[list[float], Watched]:
    with pressing(door) as seen:
        died = door.guest.python(
            "import deaths; give(deaths.repeat(unit, how, times, unlocked))",
            unit=unit, how=how, times=times, unlocked=door.unlocked, timeout=120 + 60 * times,
        )  # fmt: skip
    return died, seen


@pytest.mark.full
@pytest.mark.parametrize("how", ["killed", "stopped", "out of memory"])
def test_the_daemons_death_is_nothing_to_the_line(door: Door, how: str, deaths: int, figures: Figures) -> None:
    _, seen = die(door, DAEMON, how, deaths)
    figures.add(f"an exit's pulse of 1 s, the daemon {how} meanwhile", [span.seconds for span in seen.openings])
    assert max(seen.overruns(PULSE_SECONDS)) <= TOLERANCE
    assert seen.without_a_press == []
    seen.check_record()


@pytest.mark.parametrize("how", ["SIGKILL", "SIGSTOP"])
def test_a_grant_ends_on_time_at_whatever_moment_the_daemon_dies(
    door: Door, how: str, times: int, figures: Figures
) -> None:
    start = door.guest.trace.now
    died = door.guest.python(
        "import grant_deaths; give(grant_deaths.repeat(unit, how, times, unlocked))",
        unit=DAEMON, how=how, times=times, unlocked=door.unlocked, timeout=120 + 40 * times,
    )  # fmt: skip
    spans = door.guest.trace.spans(LOCK_PIN, door.unlocked, start)
    figures.add(f"a granted pulse of 1 s, the daemon's {how} in it", [span.seconds for span in spans])
    assert len(spans) == times
    missed = [at for span, at in zip(spans, died, strict=True) if not span.start <= at <= span.start + span.seconds]
    assert not missed, "these were not in a pulse"
    assert [span.seconds for span in spans] == pytest.approx([PULSE_SECONDS] * times, abs=TOLERANCE)


@pytest.mark.parametrize(
    "how", [*(pytest.param(how, marks=pytest.mark.full) for how in ("killed", "stopped")), "out of memory"]
)
def test_the_keepers_death_locks_and_it_opens_again_when_asked(
    door: Door, how: str, times: int, figures: Figures
) -> None:
    died, seen = die(door, KEEPER, how, times if FULL else 1)
    seconds = []
    for at in died:
        openings = [span for span in seen.openings if span.start <= at]
        assert openings
        seconds.append(max(openings[-1].start + openings[-1].seconds - at, 0.0))
    figures.add(f"the keeper {how} in an exit's pulse, until locked", seconds)
    limit = {"killed": ALIVE_SECONDS, "stopped": WATCHDOG_SECONDS, "out of memory": ALONE_SECONDS}[how]
    assert max(seconds) <= limit
    assert max(span.seconds for span in seen.openings) <= PULSE_SECONDS + limit
    assert seen.without_a_press == []


@pytest.mark.full
def test_short_of_memory_the_machine_gives_up_the_daemon_and_keeps_the_keeper(door: Door) -> None:
    keeper = door.guest.run(f"systemctl show --value -p MainPID {KEEPER}")
    with pressing(door) as seen:
        for _ in range(3):
            door.guest.python("import deaths; give(deaths.crowd_out(unit))", unit=DAEMON, timeout=120)
            door.guest.python("import rig; rig.wait_until_active(unit)", unit=DAEMON, timeout=120)
    assert door.guest.run(f"systemctl show --value -p MainPID {KEEPER}") == keeper
    assert [span.seconds for span in seen.openings] == pytest.approx([PULSE_SECONDS] * len(seen.openings), abs=0.3)
    assert seen.without_a_press == []


def test_restarts_leave_nothing_behind_and_lose_nothing(door: Door) -> None:
    times = 200 if FULL else 3
    left, known = door.guest.run(LEFT), door.events()
    with pressing(door) as seen:
        door.guest.python(
            "import rig, subprocess\n"
            "for turn in range(times):\n"
            "    unit = units[turn % 2]\n"
            "    before = rig.pid(unit)\n"
            "    if turn % 4 in (1, 2): rig.kill(unit)\n"
            "    else: subprocess.run(['systemctl', 'restart', unit], check=True)\n"
            "    rig.wait_for_the_next(unit, before)\n",
            units=[DAEMON, KEEPER], times=times, timeout=120 + 30 * times,
        )  # fmt: skip
    assert seen.without_a_press == []
    assert sorted(door.guest.run(LEFT).split()) == sorted(left.split())
    events = door.events()
    assert events[: len(known)] == known
    assert [number(event) for event in events] == list(range(1, len(events) + 1))
    starts = [event for event in events[len(known) :] if event["type"].endswith("service.started")]
    assert len(starts) == len([turn for turn in range(times) if turn % 2 == 0])
    assert ": intact, " in door.guest.run("edgegate journal verify", 60)
    assert door.guest.trace.level(LOCK_PIN) == door.locked
