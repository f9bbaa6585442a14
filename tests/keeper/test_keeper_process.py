"""The lock keeper as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgegate.clock import SystemClock
from edgegate.door.pulse import Pulse
from edgegate.keeper.spool import Spool
from tests.support.brokers import wait_until
from tests.support.keepers import Process
from tests.support.paths import ROOT

# As a process.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_locked_and_what_happened_is_in_the_spool(number: signal.Signals, tmp_path: Path) -> None:
    with Process(tmp_path) as keeper:
        keeper.wait_for("READY=1")
        keeper.wait_for("WATCHDOG=1")
        client = keeper.client()
        assert client.pulse(Pulse(30.0, SystemClock().monotonic() + 1.0, visit=1))
        client.close()
        keeper.process.send_signal(number)
        keeper.wait_for("STOPPING=1")
        assert keeper.process.wait(20) == 0
    kept = [entry.type for entry in Spool(tmp_path / "state" / "events").pending(0, 10)]
    assert kept == ["lock.unlocked", "lock.locked"]


def test_what_happened_before_it_was_killed_is_in_the_spool(tmp_path: Path) -> None:
    with Process(tmp_path) as keeper:
        keeper.wait_for("READY=1")
        client = keeper.client()
        assert client.hold(60.0)
        written = tmp_path / "state" / "events"
        wait_until(lambda: b'"lock.unlocked"' in written.read_bytes())
        keeper.process.kill()
    kept = [entry.type for entry in Spool(tmp_path / "state" / "events").pending(0, 10)]
    assert kept == ["hold.started", "lock.unlocked"]
    for _ in range(2):  # what the first one left going on is ended by the next, once
        with Process(tmp_path, "--runtime", str(tmp_path), "--state", str(tmp_path / "state")) as again:
            again.wait_for("WATCHDOG=1")
            wait_until(lambda: b'"lock.locked"' in written.read_bytes())
            again.process.kill()
        since = Spool(tmp_path / "state" / "events").pending(2, 10)
        assert [entry.type for entry in since] == ["hold.ended", "lock.locked"]
        assert "while the lock keeper was dead" in since[1].data["reason"]


@pytest.mark.parametrize(("active_high", "level"), [("true", "0"), ("false", "1")])
def test_it_leaves_word_of_how_to_lock_its_door(active_high: str, level: str, tmp_path: Path) -> None:
    config = f'[door]\npins = "mock"\nlock_pin = 23\nactive_high = {active_high}\n'
    with Process(tmp_path, config=config) as keeper:
        keeper.wait_for("READY=1")
    assert (tmp_path / "locked-level").read_text() == f"gpiochip0 23 {level}\n"


def test_a_wrong_config_is_told_all_at_once(tmp_path: Path) -> None:
    with Process(tmp_path, config="[door]\nlock_pn = 4\nactive_high = 1\nexit_pin = 17\n") as keeper:
        _, told = keeper.process.communicate(timeout=20)
    assert keeper.process.returncode == 2
    assert "unknown key; did you mean lock_pin?" in told
    assert "door.active_high = 1: must be true or false" in told
    assert "door.exit_pin = 17: is lock_pin already" in told
    assert len(told.splitlines()) == 3


def test_it_is_made_of_the_standard_library_and_gpiozero() -> None:
    program = "import sys, edgegate.keeper.__main__\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:  # without site packages gpiozero is not found: ask with them, and forgive their hooks
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = done.stdout.split()
    packages = {name.partition(".")[0] for name in loaded}
    assert not packages & {"numpy", "cv2", "paho", "pydantic", "ssl", "sqlite3", "asyncio", "cryptography", "tqdm"}
    allowed = {"edgegate", "gpiozero", "colorzero", "__main__"} | set(sys.stdlib_module_names)
    assert {name for name in packages - allowed if not name.startswith(("__editable__", "_distutils"))} == set()
    ours = {name.removeprefix("edgegate.") for name in loaded if name.startswith("edgegate.")}
    assert {name for name in ours if "." not in name} == {
        "clock",
        "door",
        "errors",
        "events",
        "keeper",
        "lock",
        "system",
    }
    assert {name for name in ours if name.startswith("system.")} == {
        f"system.{name}" for name in ("logs", "private_files", "signals", "systemd")
    }
    folder = ROOT / "edgegate"
    files = [
        path for name in ours for path in (folder / name.replace(".", "/")).parent.glob(name.rpartition(".")[2] + ".py")
    ]
    lines = sum(len(path.read_text().splitlines()) for path in files)
    assert lines < 3600, "a locksmith's engineer should be able to read it in a morning"
