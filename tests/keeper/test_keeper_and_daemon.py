"""`edgegate run` beside a lock keeper: who opens, who writes it down, and what happens when one of the two dies."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from edgegate import journal
from edgegate.clock import SystemClock
from edgegate.door.pulse import Pulse
from tests.keeper.test_keeper_versions import newer
from tests.support.daemons import MOCK, NO_BROKER, faults, start
from tests.support.door_scenes import write_scene
from tests.support.keeper_peers import Peer
from tests.support.keepers import Process
from tests.support.program import Program, essence


def options(folder: Path) -> list[str]:
    return [*NO_BROKER, "--set", f"door.keeper={folder / 'keeper.sock'}", "--set", "door.unlock_seconds=0.5"]


def events(door: Program) -> list[dict[str, Any]]:
    """The events, but for how the parts are."""
    return [event for event in journal.read(door.data / "journal.db") if "part" not in event["data"]][1:]


def test_the_keeper_opens_and_the_daemon_writes_down_once_what_it_did(door: Program, tmp_path: Path) -> None:
    video = write_scene(tmp_path / "long.avi", [("enrolled", 4.0), ("nobody", 30.0)])
    with Process(tmp_path) as keeper:
        keeper.wait_for("READY=1")
        with start(door, video, *options(tmp_path)) as daemon:
            daemon.wait_for("access.granted")
            daemon.wait_for("lock.locked")
            daemon.process.kill()  # perhaps between the journal and the acknowledgement
            daemon.process.wait()
        client = keeper.client()
        assert client.pulse(Pulse(0.1, SystemClock().monotonic() + 1.0, visit=0))
        client.close()
        with start(door, video, *options(tmp_path)) as daemon:
            daemon.wait_for("lock.unlocked")
            daemon.wait_for("lock.locked")
            assert daemon.end(by=signal.SIGTERM) == 0
        told = [essence(event) for event in events(door)]
        assert told[:4] == ["service.started", "access.granted recognised", "lock.unlocked", "lock.locked"]
        assert events(door)[2]["data"]["cause"] == "grant"
        references = [event["data"]["keeper"] for event in events(door) if "keeper" in event["data"]]
        assert len(references) == len(set(references)) >= 4
        assert [reference.split("/")[1] for reference in references] == [str(n + 1) for n in range(len(references))]
        assert keeper.process.poll() is None, "the daemon's end is not the keeper's"


def test_without_its_keeper_the_door_lets_nobody_in_says_so_and_recovers(door: Program, tmp_path: Path) -> None:
    video = write_scene(tmp_path / "long.avi", [("enrolled", 30.0)])
    with start(door, video, *options(tmp_path)) as daemon:
        daemon.wait_for("the lock keeper does not run")
        daemon.wait_for("access.denied lock_fault")
        with Process(tmp_path) as keeper:
            keeper.wait_for("READY=1")
            daemon.wait_for("lock.unlocked")
            assert daemon.end(by=signal.SIGTERM) == 0
    told = [essence(event) for event in events(door)]
    assert told[:4] == ["service.started", "access.denied lock_fault", "access.granted recognised", "lock.unlocked"]
    gone = f"lock: {tmp_path / 'keeper.sock'}: the lock keeper does not run: start edgegate-lock"
    assert faults(door, "lock")[0] == f"degraded {gone}"


def test_a_keeper_that_drives_another_door_is_told_and_lets_people_in_even_so(door: Program, tmp_path: Path) -> None:
    video = write_scene(tmp_path / "long.avi", [("nobody", 1.0), ("enrolled", 40.0)])
    with Process(tmp_path) as keeper:
        keeper.wait_for("READY=1")
        with start(door, video, *options(tmp_path), "--set", "door.open_seconds=33") as daemon:
            daemon.wait_for("service.degraded lock: the lock keeper runs on another [door]")
            daemon.wait_for("lock.unlocked")
            keeper.process.terminate()
            keeper.process.wait()
            with Process(tmp_path, config='[door]\npins = "mock"\nopen_seconds = 33\n') as restarted:
                restarted.wait_for("READY=1")
                daemon.wait_for("service.recovered lock")
            assert daemon.end(by=signal.SIGTERM) == 0


def test_with_a_newer_keeper_nobody_is_let_in_and_the_daemon_is_to_be_restarted(door: Program, tmp_path: Path) -> None:
    video = write_scene(tmp_path / "long.avi", [("nobody", 1.0), ("enrolled", 40.0)])
    with Peer(tmp_path / "keeper.sock", newer), start(door, video, *options(tmp_path)) as daemon:
        daemon.wait_for("service.degraded lock: ")
        daemon.wait_for("access.denied lock_fault")
        finding = door("check", *options(tmp_path), *MOCK, "--only", "lock", "--json").json[0]
        daemon.process.kill()
    assert faults(door, "lock")[0].endswith("up to 2: systemctl restart edgegate")
    assert finding["state"] == "failed"
    assert finding["detail"].endswith("systemctl restart edgegate")


def test_check_asks_the_keeper(door: Program, tmp_path: Path) -> None:
    def lock() -> dict[str, str]:
        findings = door("check", *options(tmp_path), *MOCK, "--json").json
        return next(finding for finding in findings if finding["part"] == "lock")

    assert lock()["state"] == "failed"
    assert "start edgegate-lock" in lock()["detail"]
    with Process(tmp_path) as keeper:
        keeper.wait_for("READY=1")
        assert lock()["state"] == "ok"
        assert "answers: locked, mode normal, door unknown" in lock()["detail"]


def test_a_keeper_that_cannot_write_lets_people_in_and_says_so(door: Program, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    video = write_scene(tmp_path / "long.avi", [("enrolled", 4.0), ("nobody", 30.0)])
    with Process(tmp_path) as keeper:
        keeper.wait_for("READY=1")
        with start(door, video, *options(tmp_path)) as daemon:
            daemon.wait_for("lock.locked")
            daemon.wait_for("service.degraded lock_spool")
            assert daemon.end(by=signal.SIGTERM) == 0
        finding = door("check", *options(tmp_path), "--only", "lock", "--json").json[0]
    assert "kept in memory only" in faults(door, "lock_spool")[0]
    told = [event["data"]["reason"] for event in events(door) if event["type"].endswith("lock.fault")]
    assert any("kept in memory only" in reason for reason in told)
    assert finding["state"] == "warning"
    assert "kept in memory only" in finding["detail"]
