"""The README's installation, booted: both services run, hardened, on real lines and a real camera."""

from __future__ import annotations

import pytest

from tests.booted import door as parts
from tests.booted.conftest import FULL, Figures
from tests.booted.door import DAEMON, EXIT_PIN, KEEPER, LOCK_PIN, Door
from tests.support.paths import ROOT

KEEPER_SECONDS, DAEMON_SECONDS = 15.0, 60.0
"""Seconds from power-on. One slow processor does it all here; what matters is that it comes, and in which order."""


def test_the_readme_installs_as_was_done_here() -> None:
    assert "sudo make install" in (ROOT / "README.md").read_text()


def test_both_services_come_up_by_themselves(door: Door, figures: Figures) -> None:
    for unit, limit in ((KEEPER, KEEPER_SECONDS), (DAEMON, DAEMON_SECONDS)):
        started = int(door.guest.run(f"systemctl show --value -p ActiveEnterTimestampMonotonic {unit}")) / 1e6
        figures.add(f"{unit} active after power-on", [started])
        assert 0 < started < limit
        assert door.guest.run(f"systemctl show --value -p NRestarts {unit}").strip() == "0"


def test_the_line_is_locked_from_the_keepers_start_on(door: Door) -> None:
    assert door.guest.trace.level(LOCK_PIN) == door.locked
    assert door.guest.trace.spans(LOCK_PIN, door.unlocked) == []


def test_the_models_run_on_the_fast_kernels_inside_the_hardened_unit(door: Door) -> None:
    messages = [str(entry["MESSAGE"]) for entry in parts.log(door.guest, DAEMON)]
    assert any("every model runs on TFLite's fast kernels (XNNPACK)" in message for message in messages)


def test_the_daemon_is_where_it_should_be(door: Door) -> None:
    assert door.guest.run(f"systemctl show --value -p User {DAEMON}").strip() == "edgegate"
    assert door.guest.run(f"systemctl show --value -p User {KEEPER}").strip() == "edgegate-lock"
    refused = door.guest.ask("runuser -u nobody -- gpioset gpiochip0 17=1")
    assert refused.status != 0
    assert door.guest.trace.level(LOCK_PIN) == door.locked


def test_the_keeper_stays_in_memory(door: Door) -> None:
    program = "import rig; give(open(f'/proc/{rig.pid(unit)}/status').read())"
    status = dict(line.split(":", 1) for line in door.guest.python(program, unit=KEEPER).splitlines())
    resident = int(status["VmRSS"].split()[0])
    assert int(status["VmLck"].split()[0]) >= resident
    assert resident < 60_000, "kilobytes"


def test_nobody_else_may_ask_the_keeper(door: Door) -> None:
    program = "import socket; socket.socket(socket.AF_UNIX).connect('/run/edgegate-lock/keeper.sock')"
    refused = door.guest.ask(f'runuser -u nobody -- python3 -c "{program}"')
    assert "PermissionError" in refused.err


def test_a_face_before_the_camera_opens_the_door_once(door: Door, figures: Figures) -> None:
    start = door.guest.trace.now
    door.show("enrolled")
    unlocked = door.guest.trace.wait_for_level(LOCK_PIN, door.unlocked, start)
    locked = door.guest.trace.wait_for_level(LOCK_PIN, door.locked, unlocked)
    door.show("nobody")
    figures.add("a granted pulse of 1 s", [locked - unlocked])
    assert locked - unlocked == pytest.approx(1.0, abs=0.05)
    granted = door.wait_for_event("access.granted")
    assert granted["data"]["latency_ms"] < (500 if FULL else 1500)  # without the fast kernels it is more
    assert len(door.guest.trace.spans(LOCK_PIN, door.unlocked)) == 1


def test_a_stranger_does_not(door: Door) -> None:
    seen = max(map(parts.number, door.events()))
    openings = len(door.guest.trace.spans(LOCK_PIN, door.unlocked))
    door.show("stranger")
    refused = door.wait_for_event("access.denied", after=seen)
    door.show("nobody")
    assert refused["data"]["reason"] == "unknown"
    assert len(door.guest.trace.spans(LOCK_PIN, door.unlocked)) == openings


def test_in_lockdown_nobody_comes_in_and_everybody_gets_out(door: Door) -> None:
    seen, start = max(map(parts.number, door.events())), door.guest.trace.now
    assert "nobody is let in" in door.guest.run("edgegate access lockdown")
    door.show("enrolled")
    refused = door.wait_for_event("access.denied", after=seen)
    door.show("nobody")
    assert refused["data"]["reason"] == "lockdown"
    assert door.guest.trace.spans(LOCK_PIN, door.unlocked, start) == []
    pressed = door.guest.python("import rig, time; give(rig.ground(pin)); time.sleep(0.3)", pin=EXIT_PIN)
    unlocked = door.guest.trace.wait_for_level(LOCK_PIN, door.unlocked, pressed)
    door.guest.trace.wait_for_level(LOCK_PIN, door.locked, unlocked)
    door.guest.python("import rig; rig.ground(pin, connected=False)", pin=EXIT_PIN)
    assert "the lockdown is over" in door.guest.run("edgegate access resume")
    door.wait_for_event("lockdown.ended", after=seen)


@pytest.mark.full
def test_a_unit_that_hides_the_processor_is_told(new_door: Door) -> None:
    """The control of the test above: with ProcSubset=pid TFLite drops its fast kernels, and the daemon says so."""
    guest = new_door.boot().guest
    guest.run(f"mkdir /etc/systemd/system/{DAEMON}.d")
    guest.write(f"/etc/systemd/system/{DAEMON}.d/test.conf", "[Service]\nProcSubset=pid\n")
    guest.run(f"systemctl daemon-reload && systemctl restart {DAEMON}", timeout=120)
    messages = [str(entry["MESSAGE"]) for entry in parts.log(guest, DAEMON)]
    assert any("without its fast kernels" in message for message in messages)
