"""Faults of a running door as docs/faults.md has them: the events, the lines of `check`, and the recovery."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edgegate import journal
from edgegate.cli.check import Look, inspect
from edgegate.cli.check_service import service
from edgegate.cli.common import State
from edgegate.clock import VirtualClock
from edgegate.config import Config
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.journal import Journal
from edgegate.system.threads import within
from tests.support.brokers import Mosquitto, Subscriber, free_port, needs_mosquitto, wait_until
from tests.support.daemons import IN_SERVICE, MOCK, NO_BROKER, faults, start, told
from tests.support.door_scenes import write_scene
from tests.support.keepers import Process
from tests.support.program import Program
from tests.support.small_disk import SmallDisk


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_scene(tmp_path / "long.avi", [("nobody", 1.0), ("enrolled", 40.0)])


@needs_mosquitto
def test_a_broker_that_was_away_gets_the_events_later_and_the_state_recovers(door: Program, video: Path) -> None:
    port = free_port()
    with start(door, video, "--set", f"mqtt.port={port}") as daemon:
        daemon.wait_for("service.degraded broker")
        assert "broker: localhost" in finding(door, "service", "--set", f"mqtt.port={port}")["detail"]
        with Mosquitto(port=port), Subscriber(port) as staff:
            daemon.wait_for("service.recovered broker")
            wait_until(lambda: "broker" not in json.loads(staff.messages("/state")[-1].payload)["degraded"])
            wait_until(lambda: any(b"service.recovered" in message.payload for message in staff.messages("/event")))
            assert daemon.end(by=signal.SIGTERM) == 0
    kinds = [line.partition(" ")[0] for line in faults(door, "broker")]
    assert kinds == ["degraded", "recovered"]
    assert "cannot be reached: nothing listens there; is the broker running?" in faults(door, "broker")[0]


def test_a_broker_that_accepts_and_stays_silent_is_no_matter_to_the_door(door: Program, video: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with start(door, video, "--set", "mqtt.host=127.0.0.1", "--set", f"mqtt.port={port}") as daemon:
            daemon.wait_for("lock.unlocked")
            assert "does not answer in MQTT" in daemon.wait_for("service.degraded broker")
            assert daemon.end(by=signal.SIGTERM) == 0


def test_an_essential_thread_that_dies_takes_the_daemon_with_it(door: Program, video: Path) -> None:
    """The gallery's, by a mistake that a test has to make."""
    script = """
import dataclasses, logging, sys, threading
from edgegate import app, config
from edgegate.service.daemon import Daemon

class Mistaken:
    def __init__(self, identifier):
        self._identifier = identifier
    def __getattr__(self, name):
        return getattr(self._identifier, name)
    def refresh(self):
        raise RuntimeError("a mistake")

def build(settings):
    recognition = app.build_recognition(settings)
    return dataclasses.replace(recognition, identifier=Mistaken(recognition.identifier))

Daemon(config.load(None, sys.argv[1:]), threading.Event(), build).run()
"""
    keys = [f"service.data_dir={door.data}", f"camera.source={video}", "door.pins=mock", "mqtt.enabled=false"]
    done = subprocess.run(
        [sys.executable, "-c", script, *keys], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "RuntimeError: a mistake" in done.stderr
    assert told(door)[-1] == "service.stopped RuntimeError('a mistake')"
    assert finding(door, "service")["detail"].endswith("RuntimeError('a mistake'); see its log")


def test_on_a_full_disk_the_lock_keeper_serves_and_its_events_come_late_but_complete(
    door: Program, tmp_path: Path, video: Path
) -> None:
    with SmallDisk(tmp_path / "disk") as disk, Process(tmp_path) as keeper:
        keeper.wait_for("READY=1")
        door.data = Path(shutil.copytree(door.data, disk.folder / "data"))
        options = [*NO_BROKER, "--set", f"door.keeper={tmp_path / 'keeper.sock'}"]
        with start(door, video, *options) as daemon:
            daemon.wait_for("service.started")
            disk.fill(daemon.process)
            daemon.wait_for("nobody is let in until this is mended")
            client = keeper.client()
            assert client.hold(0.5), "who asks the keeper past the daemon is served"
            client.close()
            assert not [line for line in told(door) if line.startswith(("access", "hold"))]
            disk.free(daemon.process)
            daemon.wait_for("hold.started")
            daemon.wait_for("access.granted")
            assert daemon.end(by=signal.SIGTERM) == 0
        assert faults(door, "journal")[0].startswith("degraded journal: ")
        assert journal.verify(door.data / "journal.db").intact


def test_a_disk_that_runs_short_is_reported_before_it_is_full(door: Program, video: Path) -> None:
    wanted = ["--set", "journal.min_free_megabytes=1000000"]
    with start(door, video, *NO_BROKER, *wanted) as daemon:
        daemon.wait_for("service.degraded disk")
        daemon.wait_for("access.granted")
        found = finding(door, "disk", *wanted)
        assert found["state"] == "failed"
        assert "wanted: nobody is let in once it is full; make room" in found["detail"]
        assert "disk: " in finding(door, "service", *wanted)["detail"]
        assert daemon.end(by=signal.SIGTERM) == 0


def test_a_gallery_that_cannot_be_read_is_reported_and_read_again_when_it_can(door: Program, video: Path) -> None:
    gallery = door.data / "gallery.db"
    with start(door, video, *NO_BROKER) as daemon:
        daemon.wait_for(IN_SERVICE)
        whole = gallery.read_bytes()
        gallery.write_bytes(b"not a gallery any more" * 500)
        daemon.wait_for("service.degraded gallery")
        assert finding(door, "gallery")["state"] == "failed"
        gallery.write_bytes(whole)
        daemon.wait_for("service.recovered gallery")
        assert daemon.end(by=signal.SIGTERM) == 0
    assert "access.granted recognised" in told(door)


@needs_mosquitto
def test_a_wrong_password_is_an_event_too_and_has_its_words_in_check(
    door: Program, video: Path, tmp_path: Path
) -> None:
    passwords, wrong = tmp_path / "passwords", tmp_path / "wrong"
    passwords.touch(mode=0o600)
    wrong.write_text("wrong\n")
    with Mosquitto(["allow_anonymous false", f"password_file {passwords}"]) as broker:
        account = [f"mqtt.port={broker.port}", "mqtt.username=door", f"mqtt.password_file={wrong}"]
        options = [word for setting in account for word in ("--set", setting)]
        with start(door, video, *options) as daemon:
            daemon.wait_for("service.degraded broker")
            assert "bad user name or password" in finding(door, "broker", *options)["detail"]
            assert daemon.end(by=signal.SIGTERM) == 0
    assert "refused: not authorized: bad user name or password" in faults(door, "broker")[0]


def test_check_says_of_the_service_what_its_journal_says(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    assert service(path) == (True, "not started yet")
    written = Journal(path, origin=Origin("home", "front", "b"), clock=VirtualClock(), outbox=False)

    def after(what: EventType, **data: str) -> tuple[bool, str]:
        (event,) = written.append([Event(what, 0.0, data=data)])
        well, detail = service(path)
        return well, detail.replace(event["time"], "T")

    assert after(EventType.SERVICE_STARTED) == (True, "started at T")
    assert after(EventType.DEGRADED, part="disk", reason="full") == (False, "started at T; disk: full")
    assert after(EventType.CAMERA_STALLED, reason="unplugged") == (
        False,
        "started at T; disk: full; camera: unplugged",
    )
    assert after(EventType.RECOVERED, part="disk", reason="full") == (False, "started at T; camera: unplugged")
    assert after(EventType.CAMERA_RECOVERED) == (True, "started at T")
    assert after(EventType.DEGRADED, part="disk", reason="full")[0] is False
    assert after(EventType.SERVICE_STOPPED) == (True, "stopped at T")
    assert after(EventType.SERVICE_STARTED, reason="it hung") == (False, "started at T; it hung; see its log")


def test_a_part_that_hangs_does_not_hang_check() -> None:
    hung = threading.Event()

    def hang(_config: Config) -> tuple[State, str]:
        hung.wait()
        return "ok", "at last"

    parts: tuple[tuple[str, Look], ...] = (("models", hang), ("config", lambda _: ("ok", "")))
    models, config = inspect(Config(), parts, seconds=0.2)
    hung.set()
    assert (models.state, models.detail) == ("failed", "it hangs: no answer within 0.2 s; restart the machine")
    assert config.state == "ok"


def test_work_that_is_waited_for_gives_what_it_gives() -> None:
    assert within(5.0, lambda: 7) == 7
    with pytest.raises(KeyError):
        within(5.0, lambda: dict[str, int]()["missing"])
    never = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.05, never.wait)
    never.set()


def finding(door: Program, part: str, *options: str) -> dict[str, str]:
    """Returns the line of `check` for one part."""
    broker = () if any("mqtt" in option for option in options) else NO_BROKER
    found: list[dict[str, str]]
    found = door("check", *MOCK, *broker, "--set", "camera.source=none", *options, "--json").json
    return next(one for one in found if one["part"] == part)
