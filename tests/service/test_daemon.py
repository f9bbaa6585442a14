"""`edgegate run` as a process: what staff see of a door's life, and what it does without camera, broker or disk."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from edgegate import journal
from tests.support.brokers import Mosquitto, Subscriber, free_port, needs_mosquitto, wait_until
from tests.support.daemons import IN_SERVICE, MOCK, NO_BROKER, events, faults, start, told
from tests.support.door_scenes import ENROLLED, write_scene
from tests.support.program import Program, essence
from tests.support.small_disk import SmallDisk

Scene = Callable[[str], Path]


@needs_mosquitto
def test_staff_see_the_whole_life_of_a_door(door: Program, scene: Scene) -> None:
    with Mosquitto() as broker, Subscriber(broker.port) as staff:
        port = ["--set", f"mqtt.port={broker.port}"]
        with start(door, scene("enrolled-then-stranger"), *port, "--set", "door.unlock_seconds=1") as daemon:
            assert daemon.end() == 0
        offline = staff.wait_for(2, leaf="/availability")
        received = [json.loads(message.payload) for message in staff.messages("/event")]
        states = [json.loads(message.payload) for message in staff.messages("/state")]
        with Subscriber(broker.port) as later:
            retained = {message.topic.rpartition("/")[2]: message.payload for message in later.wait_for(2)}
    decisions = ["access.granted recognised", "lock.unlocked", "lock.locked", "access.denied unknown"]
    # The enrolment happened while no daemon ran; it is published with the rest.
    assert [essence(event) for event in received if "part" not in event["data"]] == [
        "person.enrolled",
        "service.started",
        *decisions,
        "service.stopped",
    ]
    assert [event["data"]["person"] for event in received if "person" in event["data"]][:2] == [ENROLLED.person] * 2
    assert [message.payload for message in offline] == [b"online", b"offline"]
    assert {state["lock"] for state in states} == {"locked", "unlocked"}
    assert retained["availability"] == b"offline"
    normal = {"lock": "locked", "door": "unknown", "mode": "normal", "locked_out_until": None, "liveness": "off"}
    assert json.loads(retained["state"]) == normal | {"degraded": states[-1]["degraded"]}
    assert set(states[-1]["degraded"]) <= {"clock", "disk"}, "which this machine may lack"
    assert len({event["id"].split("/")[1] for event in received[1:]}) == 1  # one start, one boot id


def test_a_signal_ends_it_cleanly_and_locked(door: Program, tmp_path: Path) -> None:
    video = write_scene(tmp_path / "long.avi", [("enrolled", 8.0)])
    with start(door, video, *NO_BROKER, "--set", "door.unlock_seconds=30") as daemon:
        daemon.wait_for("lock.unlocked")
        assert daemon.end(by=signal.SIGTERM) == 0
    assert told(door) == [
        "service.started",
        "access.granted recognised",
        "lock.unlocked",
        "lock.locked",
        "service.stopped",
    ]
    assert any("a photo or a screen that shows an enrolled face can open the door" in line for line in daemon.log)
    assert any("mock: nothing is wired" in line for line in daemon.log)
    assert journal.verify(door.data / "journal.db").intact


@pytest.mark.parametrize("camera", ["nowhere.mp4", "/dev/video99"])
def test_without_its_camera_or_broker_it_runs_and_reports_it(camera: str, door: Program) -> None:
    port = free_port()
    stall = ["--set", "camera.stall_seconds=0.5", "--set", f"mqtt.port={port}"]
    with start(door, camera, *stall) as daemon:
        daemon.wait_for("camera.stalled")
        assert daemon.end(by=signal.SIGTERM) == 0
    log = "".join(daemon.log)
    assert f"localhost:{port}: cannot be reached" in log
    (stalled,) = (event["data"] for event in events(door) if event["type"].endswith("stalled"))
    assert told(door) == ["service.started", "camera.stalled unplugged", "service.stopped"]
    assert camera in stalled["detail"]


@needs_mosquitto
def test_a_camera_that_comes_later_is_used_and_the_state_says_both(door: Program, tmp_path: Path) -> None:
    video = write_scene(tmp_path / "elsewhere.avi", [("enrolled", 20.0)])
    camera = tmp_path / "camera.avi"
    with Mosquitto() as broker, Subscriber(broker.port) as staff:
        options = ["--set", "camera.stall_seconds=0.5", "--set", f"mqtt.port={broker.port}"]
        with start(door, camera, *options) as daemon:
            daemon.wait_for("camera.stalled")
            wait_until(lambda: _degraded(staff) == {"camera": f"{camera}: no such video"})
            video.rename(camera)
            daemon.wait_for("camera.recovered")
            wait_until(lambda: _degraded(staff) == {})
            daemon.wait_for("access.granted")
            assert daemon.end(by=signal.SIGTERM) == 0


def _degraded(staff: Subscriber) -> object:
    """Returns the degraded parts in the state published last; None before the first."""
    states = staff.messages("/state")
    if not states:
        return None
    degraded: dict[str, str] = json.loads(states[-1].payload)["degraded"]
    return {part: reason for part, reason in degraded.items() if part not in {"clock", "disk"}}  # as this machine is


@needs_mosquitto
def test_a_broker_that_comes_later_gets_every_event(door: Program, tmp_path: Path) -> None:
    video = write_scene(tmp_path / "long.avi", [("enrolled", 1.0), ("nobody", 30.0)])
    port = free_port()
    with start(door, video, "--set", f"mqtt.port={port}", "--set", "door.unlock_seconds=0.5") as daemon:
        daemon.wait_for("lock.locked")
        with Mosquitto(port=port), Subscriber(port) as staff:
            staff.wait_for(5, timeout=20, leaf="/event")
            wait_until(lambda: _degraded(staff) == {})
            assert daemon.end(by=signal.SIGTERM) == 0
            staff.wait_for(2, leaf="/availability")
            received = [json.loads(message.payload)["id"] for message in staff.messages("/event")]
    assert received == [event["id"] for event in events(door)]


@needs_mosquitto
def test_a_broker_that_refuses_the_password_does_not_stop_it(door: Program, scene: Scene, tmp_path: Path) -> None:
    passwords, wrong = tmp_path / "passwords", tmp_path / "wrong"
    passwords.touch(mode=0o600)
    wrong.write_text("wrong\n")
    with Mosquitto(["allow_anonymous false", f"password_file {passwords}"]) as broker:
        account = [f"mqtt.port={broker.port}", "mqtt.username=door", f"mqtt.password_file={wrong}"]
        options = [word for setting in account for word in ("--set", setting)]
        with start(door, scene("enrolled"), *options) as daemon:
            daemon.wait_for("bad user name or password")
            assert daemon.end() == 0
    assert "access.granted recognised" in told(door)


def test_people_enrolled_or_forgotten_meanwhile_count_at_once(edgegate: Program, tmp_path: Path) -> None:
    visits = [("enrolled", 5.0), ("nobody", 1.5), *[("enrolled", 2.5), ("nobody", 1.5)] * 5]
    video = write_scene(tmp_path / "visits.avi", visits)
    with start(edgegate, video, *NO_BROKER, "--set", "access.rearm_seconds=1") as daemon:
        daemon.wait_for(IN_SERVICE)
        assert edgegate.run("enroll", "Ann", ENROLLED.file).status == 0
        daemon.wait_for("access.granted")
        enrolled, granted = (_of_type(edgegate, kind) for kind in ("person.enrolled", "access.granted"))
        assert edgegate.run("people", "forget", "Ann").status == 0
        daemon.wait_for("access.denied")
        assert daemon.end(by=signal.SIGTERM) == 0
    assert granted["subject"] == enrolled["subject"]
    assert _seconds(granted) - _seconds(enrolled) < 2.0
    assert journal.verify(edgegate.data / "journal.db").intact  # two processes wrote it


def test_a_gallery_damaged_meanwhile_leaves_the_people_known_before(door: Program, tmp_path: Path) -> None:
    video = write_scene(tmp_path / "later.avi", [("nobody", 4.0), ("enrolled", 3.0)])
    with start(door, video, *NO_BROKER) as daemon:
        daemon.wait_for(IN_SERVICE)
        (door.data / "gallery.db").write_bytes(b"not a gallery any more" * 500)
        daemon.wait_for("the people known so far are kept")
        daemon.wait_for("access.granted")
        assert daemon.end(by=signal.SIGTERM) == 0


@pytest.mark.parametrize("consent", ["true", "false"])
def test_visits_are_kept_as_scores_where_the_config_consents_and_nowhere_else(
    consent: str, door: Program, scene: Callable[[str], Path]
) -> None:
    keep = ["--set", f"privacy.keep_scores={consent}", "--set", "access.rearm_seconds=1"]
    with start(door, scene("enrolled-then-stranger"), *NO_BROKER, *keep) as daemon:
        assert daemon.end() == 0
    if consent == "false":
        assert not (door.data / "scores.db").exists()
        return
    result = door("evaluate", "--site", "--json").json
    assert (result["genuine"], result["strangers"], result["verdict"]) == (1, 1, "not shown")
    assert result["genuine_percentiles"]["0"] > result["threshold"] > result["highest"][0]


def _seconds(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


def _of_type(door: Program, kind: str) -> dict[str, Any]:
    return next(event for event in events(door) if event["type"].endswith(kind))


def test_nobody_is_let_in_while_the_disk_is_full(door: Program, tmp_path: Path) -> None:
    video = write_scene(tmp_path / "long.avi", [("nobody", 1.0), ("enrolled", 30.0)])
    with SmallDisk(tmp_path / "disk") as disk:
        door.data = Path(shutil.copytree(door.data, disk.folder / "data"))
        with start(door, video, *NO_BROKER) as daemon:
            daemon.wait_for("service.started")
            disk.fill(daemon.process)
            daemon.wait_for("nobody is let in until this is mended")
            before = told(door)
            disk.free(daemon.process)
            daemon.wait_for("access.granted")
            daemon.wait_for("lock.unlocked")
            assert daemon.end(by=signal.SIGTERM) == 0
        assert before == ["service.started"]
        assert told(door)[1:3] == ["access.granted recognised", "lock.unlocked"]
        full = f"journal: {door.data / 'journal.db'}: cannot be"
        assert faults(door, "journal")[0].startswith(f"degraded {full}"), "published late, but not lost"
        assert journal.verify(door.data / "journal.db").intact


def test_a_journal_that_cannot_be_made_is_one_line(edgegate: Program, scene: Scene, tmp_path: Path) -> None:
    with SmallDisk(tmp_path / "disk") as disk:
        edgegate.data = disk.folder / "data"
        disk.fill()
        result = edgegate.run("run", *MOCK, *NO_BROKER, "--set", f"camera.source={scene('empty')}", **disk.options)
        assert result.status == 1
        assert "journal.db: cannot be created" in result.problem


def test_without_gpio_it_does_not_pretend(edgegate: Program) -> None:
    result = edgegate.run("run", *NO_BROKER)
    assert result.status == 1
    assert "--set door.pins=mock" in result.problem
    assert not edgegate.data.exists()
