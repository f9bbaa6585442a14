"""The guardian: a process of its own that locks when the keeper dies, and ends a keeper that hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from edgegate.keeper.guardian import HANG_SECONDS, SHARE, hang_seconds
from edgegate.keeper.locked_level import LockedLevel
from tests.support.brokers import wait_until
from tests.support.keepers import Process
from tests.support.paths import ROOT

KEEPER = """
import os, sys, threading
from pathlib import Path
from edgegate.errors import EdgegateError
from edgegate.keeper.guardian import Guardian
from edgegate.keeper.locked_level import LockedLevel

def drive(door):
    Path("driven").write_text(str(door))

guardian = Guardian(seconds=0.3, drive=drive)
guardian.watch(LockedLevel(0, 17, 1))
"""
"""A keeper's part in it; what the guardian would do to the line is written to a file."""

BEATING = """
guardian.beat()
print(guardian.pid, flush=True)
try:
    while True:
        guardian.beat()
        threading.Event().wait(0.05)
except EdgegateError as error:
    sys.exit(str(error))
"""
DRIVEN = "LockedLevel(chip=0, pin=17, level=1)"


class Door:
    def __init__(self, folder: Path, program: str) -> None:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self._driven = folder / "driven"
        self.keeper = subprocess.Popen(
            [sys.executable, "-c", KEEPER + program], cwd=folder, env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.keeper.stdout is not None
        self.guardian = int(self.keeper.stdout.readline())

    @property
    def driven(self) -> str:
        return self._driven.read_text() if self._driven.exists() else ""


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(tmp_path, BEATING)
    yield door
    door.keeper.kill()
    door.keeper.communicate(timeout=20)


def test_a_killed_keepers_door_is_locked(door: Door) -> None:
    assert door.driven == ""
    door.keeper.kill()
    wait_until(lambda: door.driven == DRIVEN)


def test_a_keeper_that_hangs_is_killed_and_its_door_locked(door: Door) -> None:
    door.keeper.send_signal(signal.SIGSTOP)
    assert door.keeper.wait(20) == -signal.SIGKILL
    wait_until(lambda: door.driven == DRIVEN)


def test_what_asks_both_to_end_is_left_to_the_keeper(door: Door) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(door.guardian, number)
    door.keeper.kill()
    wait_until(lambda: door.driven == DRIVEN)


def test_a_keeper_does_not_go_on_without_it(door: Door) -> None:
    os.kill(door.guardian, signal.SIGKILL)
    _, told = door.keeper.communicate(timeout=20)
    assert told == f"the guardian process {door.guardian} has gone (Broken pipe): starting again\n"


def test_a_keeper_does_not_go_on_with_one_that_does_not_listen(tmp_path: Path) -> None:
    quick = BEATING.replace("threading.Event().wait(0.05)", "")
    door = Door(tmp_path, quick.replace("print(guardian.pid", "os.kill(guardian.pid, 19); print(guardian.pid"))
    door.keeper.wait(20)
    os.kill(door.guardian, signal.SIGKILL)
    _, told = door.keeper.communicate(timeout=20)
    assert "Resource temporarily unavailable" in told


@pytest.mark.parametrize("end", ["guardian.close()", "sys.exit()"])
def test_a_keeper_that_ends_leaves_a_locked_door_and_no_process(end: str, tmp_path: Path) -> None:
    door = Door(tmp_path, f"print(guardian.pid, flush=True)\nguardian.beat()\n{end}\n")
    door.keeper.communicate(timeout=20)  # both ends of its streams: the guardian has ended as well
    assert door.driven == DRIVEN


def test_while_pins_are_being_claimed_it_has_all_the_time_it_needs(tmp_path: Path) -> None:
    door = Door(tmp_path, "print(guardian.pid, flush=True)\nsys.stdin.readline()\nthreading.Event().wait(1.0)\n")
    assert door.keeper.wait(20) == 0


def test_a_guardian_that_cannot_lock_says_so(tmp_path: Path) -> None:
    program = "import edgegate.system.logs; edgegate.system.logs.set_up('edgegate-lock', 'info'); print(0, flush=True)"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    keeper = KEEPER.replace(", drive=drive", "").replace("LockedLevel(0, 17, 1)", "LockedLevel(4711, 17, 1)")
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{keeper}"], cwd=tmp_path, env=environment, capture_output=True,
        text=True, check=True, timeout=20,
    )  # fmt: skip
    assert "its guardian could not lock: [Errno 2] No such file or directory: '/dev/gpiochip4711'" in done.stderr


@pytest.mark.parametrize(("told", "seconds"), [("2000000", 2.0), ("", HANG_SECONDS), ("0", HANG_SECONDS)])
def test_it_acts_before_the_service_manager_does(told: str, seconds: float) -> None:
    assert hang_seconds({"WATCHDOG_USEC": told}) == pytest.approx(SHARE * seconds)


def test_the_real_keeper_has_one(tmp_path: Path) -> None:
    with Process(tmp_path) as keeper:
        keeper.wait_for("WATCHDOG=1")
        keeper.process.send_signal(signal.SIGSTOP)
        _, told = keeper.process.communicate(timeout=20)
    assert keeper.process.returncode == -signal.SIGKILL
    assert "the lock keeper hung for 1.8 s: killed" in told


def test_the_real_keeper_ends_with_a_word_when_it_is_lost(tmp_path: Path) -> None:
    with Process(tmp_path) as keeper:
        keeper.wait_for("WATCHDOG=1")
        (guardian,) = psutil.Process(keeper.process.pid).children()
        guardian.kill()
        _, told = keeper.process.communicate(timeout=20)
    assert keeper.process.returncode == 1
    assert "has gone (Broken pipe): starting again" in told


def test_how_to_lock_is_written_for_a_shell_script(tmp_path: Path) -> None:
    LockedLevel(0, 23, 1).write(tmp_path / "locked-level")
    assert (tmp_path / "locked-level").read_text() == "gpiochip0 23 1\n"
