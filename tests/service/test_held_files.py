"""Files that another process holds delay no grant and end no daemon: the gallery, the scores, the journal."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from edgegate import app, config
from edgegate.camera import Recording
from edgegate.clock import SystemClock, VirtualClock
from edgegate.events.cloudevents import CloudEvent
from edgegate.service import replay
from edgegate.service.daemon import LOOP_PATIENCE_SECONDS
from edgegate.system import watchdog
from tests.support.brokers import Mosquitto, Subscriber, needs_mosquitto, wait_until
from tests.support.daemons import IN_SERVICE, NO_BROKER, Running, events, faults, start, told
from tests.support.door_scenes import ENROLLED, write_scene
from tests.support.holding import between, calls_noted, held
from tests.support.keepers import Process
from tests.support.paths import ROOT
from tests.support.program import Program
from tests.support.service_manager import ServiceManager

GRANTED, STALE = "access.granted recognised", "access.denied stale"
WATCHDOG_SECONDS = 10.0
"""The unit's own setting, with which the daemon ends itself after 8 seconds."""

LENGTHS = [3.0, pytest.param(30.0, marks=pytest.mark.full)]


def test_nothing_comes_between_commit_and_pulse_in_the_door_as_it_is_built(door: Program, tmp_path: Path) -> None:
    """With the real networks, journal and lock, while somebody holds the gallery; the event has its name."""
    video = write_scene(tmp_path / "visit.avi", [("enrolled", 3.0)])
    settings = config.load(None, [f"service.data_dir={json.dumps(str(door.data))}", "door.pins=mock"])
    recognition, clock, seen = app.build_recognition(settings), VirtualClock(0.0), list[CloudEvent]()
    recording, kept = Recording(video), app.open_journal(settings, replay.origin(settings), clock)
    with held(door.data / "gallery.db"), calls_noted() as calls:
        for _ in replay.replay(settings, recognition, recording, kept, clock, seen.append):
            if seen:
                break
    recording.close()
    kept.close()
    assert between(calls, "Journal.append", "LockController.pulse") == ["Loop._ask_lock"]
    assert seen[0]["data"]["person"] == ENROLLED.person


@contextmanager
def serving(
    door: Program, folder: Path, *options: str, keeper: bool = False
) -> Iterator[tuple[Running, ServiceManager]]:
    """A daemon under a watchdog, before which somebody enrolled comes three seconds after it is in service."""
    video = write_scene(folder / "visit.avi", [("nobody", 3.0), ("enrolled", 5.0), ("nobody", 60.0)])
    with ExitStack() as stack:
        manager = stack.enter_context(ServiceManager(Path(tempfile.mkdtemp(dir=folder)), WATCHDOG_SECONDS))
        if keeper:
            stack.enter_context(Process(folder)).wait_for("READY=1")
            options = (*options, "--set", f"door.keeper={folder / 'keeper.sock'}")
        daemon = stack.enter_context(start(door, video, *options, environment=manager.environment))
        daemon.wait_for(IN_SERVICE)
        yield daemon, manager
        assert daemon.end(by=signal.SIGTERM) == 0


def live_until(at: float, manager: ServiceManager) -> None:
    """Waits until this moment; raises TimeoutError unless the daemon feeds its watchdog meanwhile."""
    while SystemClock().monotonic() < at:
        manager.wait_for("WATCHDOG=1", seconds=WATCHDOG_SECONDS)


@needs_mosquitto
@pytest.mark.parametrize("seconds", LENGTHS)
@pytest.mark.parametrize("keeper", [False, True], ids=["lock-in-process", "lock-keeper"])
def test_a_gallery_that_is_held_delays_no_grant(door: Program, tmp_path: Path, seconds: float, keeper: bool) -> None:
    with Mosquitto() as broker, Subscriber(broker.port) as staff:
        options = ["--set", f"mqtt.port={broker.port}"]
        with serving(door, tmp_path, *options, keeper=keeper) as (daemon, manager):
            with held(door.data / "gallery.db"):
                until = SystemClock().monotonic() + seconds
                daemon.wait_for("lock.unlocked")
                wait_until(lambda: _published(staff, "lock.unlocked"))
                live_until(until, manager)
            daemon.wait_for("lock.locked")
        (granted,) = _published(staff, "access.granted")
    assert (granted["data"]["person"], granted["data"]["frame_age_ms"] < 500) == (ENROLLED.person, True)
    assert told(door)[:4] == ["service.started", GRANTED, "lock.unlocked", "lock.locked"]


def _published(staff: Subscriber, kind: str) -> Sequence[dict[str, Any]]:
    published = [json.loads(message.payload) for message in staff.messages("/event")]
    return [event for event in published if event["type"].endswith(kind)]


@needs_mosquitto
def test_somebody_enrolled_a_moment_ago_is_published_with_the_name(edgegate: Program, tmp_path: Path) -> None:
    video = write_scene(tmp_path / "nobody.avi", [("nobody", 60.0)])
    with Mosquitto() as broker, Subscriber(broker.port) as staff:
        with start(edgegate, video, "--set", f"mqtt.port={broker.port}") as daemon:
            daemon.wait_for(IN_SERVICE)
            assert edgegate("enroll", "Ann", ENROLLED.file).status == 0
            wait_until(lambda: len(_published(staff, "person.enrolled")) == 1)
            assert daemon.end(by=signal.SIGTERM) == 0
        assert [event["data"]["person"] for event in _published(staff, "person.enrolled")] == ["Ann"]


@pytest.mark.parametrize("seconds", LENGTHS)
def test_scores_that_are_held_delay_no_grant_and_come_later(door: Program, tmp_path: Path, seconds: float) -> None:
    keep = ["--set", "privacy.keep_scores=true", "--set", "access.rearm_seconds=1", "--set", "door.unlock_seconds=1"]
    with serving(door, tmp_path, *NO_BROKER, *keep) as (daemon, manager):
        with held(door.data / "scores.db"):
            until = SystemClock().monotonic() + seconds
            daemon.wait_for("lock.unlocked")
            daemon.wait_for("service.degraded scores")
            live_until(until, manager)
        daemon.wait_for("service.recovered scores")
    assert STALE not in told(door)
    assert "locked" in faults(door, "scores")[0]
    assert door("evaluate", "--site", "--json").json["genuine"] == 1


@pytest.mark.full
def test_a_journal_that_is_held_for_half_a_minute_does_not_end_the_daemon(door: Program, tmp_path: Path) -> None:
    with serving(door, tmp_path, *NO_BROKER) as (daemon, manager):
        with held(door.data / "journal.db", "IMMEDIATE"):
            live_until(SystemClock().monotonic() + 30.0, manager)
        daemon.wait_for("service.recovered journal")
    assert any(event["type"].endswith("degraded") for event in events(door))


def test_a_turn_and_the_look_after_it_wait_for_the_journal_for_less_than_a_hang() -> None:
    unit = (ROOT / "systemd" / "edgegate.service").read_text(encoding="utf-8")
    assert f"WatchdogSec={WATCHDOG_SECONDS:g}" in unit.splitlines()
    shortest = min(watchdog.HANG_SECONDS, watchdog.SHARE * WATCHDOG_SECONDS)
    assert shortest / 2 >= 2 * LOOP_PATIENCE_SECONDS, "a busy machine takes as long again"
