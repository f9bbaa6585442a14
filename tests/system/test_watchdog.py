"""A daemon that hangs ends, and systemd hears how it goes."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from edgegate.app import UNCLEAN
from edgegate.system.watchdog import HANG_SECONDS, HUNG_STATUS, hang_seconds
from tests.support.daemons import IN_SERVICE, MOCK, NO_BROKER, Running, start, told
from tests.support.door_scenes import write_scene
from tests.support.program import Program
from tests.support.service_manager import ServiceManager


def hanging(library: str, video: Path, data: Path) -> list[str]:
    """A daemon whose detector hangs one second after its first frame."""
    script = f"""
import ctypes, dataclasses, logging, sys, threading
from edgegate import app, config
from edgegate.clock import SystemClock
from edgegate.service.daemon import Daemon

class Hanging:
    def __init__(self, analyzer):
        self._analyzer, self._since = analyzer, None
        self.pack, self.describe, self.slow = analyzer.pack, analyzer.describe, ()

    def detect(self, frame):
        self._since = self._since or frame.at
        if frame.at - self._since > 1.0:
            print("it hangs", file=sys.stderr, flush=True)
            ctypes.{library}(None).sleep(3600)
        return self._analyzer.detect(frame)

def build(settings):
    recognition = app.build_recognition(settings)
    return dataclasses.replace(recognition, analyzer=Hanging(recognition.analyzer))

logging.basicConfig(level="INFO")
settings = config.load(None, sys.argv[1:])
Daemon(settings, threading.Event(), build).run()
"""
    keys = {"service.data_dir": str(data), "camera.source": str(video), "door.unlock_seconds": 30.0}
    overrides = [f"{key}={json.dumps(value)}" for key, value in keys.items()]
    return [sys.executable, "-c", script, *overrides, "door.pins=mock", "mqtt.enabled=false"]


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_scene(tmp_path / "long.avi", [("enrolled", 30.0)])


def test_systemd_hears_of_a_door_in_service_and_of_its_end(door: Program, video: Path, tmp_path: Path) -> None:
    with ServiceManager(tmp_path, watchdog_seconds=10) as manager:
        with start(door, video, *NO_BROKER, environment=manager.environment) as daemon:
            manager.wait_for("READY=1")
            manager.wait_for("STATUS=")
            manager.wait_for("WATCHDOG=1")
            manager.wait_for("WATCHDOG=1")
            assert daemon.end(by=signal.SIGTERM) == 0
        manager.wait_for("STOPPING=1")
        assert "WATCHDOG=1" not in manager.take()
    assert told(door)[0] == "service.started"


def test_a_camera_that_is_down_and_reported_is_no_hang(door: Program, tmp_path: Path) -> None:
    with ServiceManager(tmp_path, watchdog_seconds=10) as manager:
        options = [*NO_BROKER, "--set", "camera.stall_seconds=0.5"]
        with start(door, "/dev/video99", *options, environment=manager.environment) as daemon:
            manager.wait_for("STATUS=degraded: camera: ")
            manager.wait_for("WATCHDOG=1")
            manager.wait_for("WATCHDOG=1")
            assert daemon.end(by=signal.SIGTERM) == 0


def test_a_hung_model_ends_the_process_locked_and_the_next_start_says_so(
    door: Program, video: Path, tmp_path: Path
) -> None:
    """Held open by the grant's pulse of 30 seconds, it locks before it ends; nothing feeds systemd meanwhile."""
    with ServiceManager(tmp_path, watchdog_seconds=2.5) as manager:
        with Running(hanging("CDLL", video, door.data), manager.environment) as daemon:
            daemon.wait_for("lock.unlocked")
            daemon.wait_for("it hangs")
            manager.take()
            daemon.wait_for("the main loop hangs")
            assert "WATCHDOG=1" not in manager.take()
            assert daemon.end() == HUNG_STATUS
        assert "in detect" in daemon.text, "where it hung"
        assert "the lock was given back, locked" in daemon.text
    with start(door, video, *NO_BROKER) as daemon:
        daemon.wait_for(UNCLEAN)
        daemon.wait_for(IN_SERVICE)
        assert f"; {UNCLEAN}; see its log" in door_says(door)
        assert daemon.end(by=signal.SIGTERM) == 0


def test_a_hung_model_that_holds_the_interpreter_is_ended_by_the_kernel(
    door: Program, video: Path, tmp_path: Path
) -> None:
    with (
        ServiceManager(tmp_path, watchdog_seconds=2.5) as manager,
        Running(hanging("PyDLL", video, door.data), manager.environment) as daemon,
    ):
        daemon.wait_for("it hangs")
        assert daemon.process.wait(timeout=10) == -signal.SIGALRM
        daemon.wait_for("in detect")


def test_a_process_that_was_stopped_for_long_is_started_again(door: Program, video: Path, tmp_path: Path) -> None:
    with (
        ServiceManager(tmp_path, watchdog_seconds=2.5) as manager,
        start(door, video, *NO_BROKER, environment=manager.environment) as daemon,
    ):
        manager.wait_for("WATCHDOG=1")  # until then a start may take its time
        daemon.process.send_signal(signal.SIGSTOP)
        assert manager.silent(4.0)
        daemon.process.send_signal(signal.SIGCONT)
        assert daemon.process.wait(timeout=10) in {HUNG_STATUS, -signal.SIGALRM}


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, HANG_SECONDS),
        ({"WATCHDOG_USEC": "10000000"}, 8.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())}, 8.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}, HANG_SECONDS),
        ({"WATCHDOG_USEC": "0"}, HANG_SECONDS),
        ({"WATCHDOG_USEC": "soon"}, HANG_SECONDS),
    ],
)
def test_it_ends_before_systemd_would_end_it(environment: dict[str, str], seconds: float) -> None:
    assert hang_seconds(environment) == seconds


def door_says(door: Program) -> str:
    """Returns the details of `check` on the service."""
    findings = door("check", *MOCK, *NO_BROKER, "--set", "camera.source=none", "--json").json
    return next(str(finding["detail"]) for finding in findings if finding["part"] == "service")
