"""Staff's orders of access, and recordings judged by rules: release of a lock-out, schedules in a replay, lockdown."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from edgegate.clock import SystemClock, VirtualClock
from edgegate.door.pulse import Pulse
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.gallery import Details
from edgegate.journal import Journal, lockouts, read
from tests.support.access_rules import NAME, at
from tests.support.brokers import Mosquitto, Subscriber, needs_mosquitto
from tests.support.daemons import NO_BROKER, start
from tests.support.door_scenes import write_scene
from tests.support.keepers import Process
from tests.support.program import Program

Scene = Callable[[str], Path]


# Staff's release.


def test_a_lock_out_is_released_once_and_the_journal_says_so(edgegate: Program) -> None:
    assert edgegate("access", "release").status == 1
    clock = SystemClock()
    path = edgegate.data / "journal.db"
    with closing(Journal(path, origin=Origin("home", "front", "b"), clock=clock, outbox=False)) as journal:
        data = {"reason": "refusals", "refusals": 3, "seconds": 300.0}
        journal.append([Event(EventType.LOCKOUT_STARTED, clock.monotonic(), data=data)])
        assert not lockouts.is_released(path)
        (line,) = [found for found in edgegate("check", "--json").json if found["part"] == "access"]
        assert "a lock-out runs" in line["detail"]
        released = edgegate("access", "release")
        assert (released.status, released.out) == (0, "the lock-out is over\n")
        assert lockouts.is_released(path)
    again = edgegate("access", "release", "--json")
    assert (again.status, again.json) == (1, {"released": False})
    *_, last = read(path)
    assert (last["type"], last["data"]) == ("io.edgegate.access.lockout_ended", {"reason": "released"})


def test_a_lock_out_ends_by_time_for_whoever_asks(tmp_path: Path) -> None:
    path, clock = tmp_path / "journal.db", VirtualClock(1e9)
    with closing(Journal(path, origin=Origin("home", "front", "b"), clock=clock, outbox=False)) as journal:
        journal.append([Event(EventType.LOCKOUT_STARTED, 0.0, data={"reason": "refusals", "seconds": 300.0})])
        clock.advance(299.0)
        assert lockouts.running_until(path, clock) == 300.0
        clock.advance(301.0)
        assert lockouts.running_until(path, clock) == clock.monotonic()


def test_staffs_release_counts_although_the_machines_clock_was_set_ahead(edgegate: Program) -> None:
    """The door, which goes on with the time it had, still refuses."""
    path, then = edgegate.data / "journal.db", VirtualClock(SystemClock().wall() - 86_400)
    with closing(Journal(path, origin=Origin("home", "front", "b"), clock=then, outbox=False)) as journal:
        journal.append([Event(EventType.LOCKOUT_STARTED, 0.0, data={"reason": "refusals", "seconds": 300.0})])
    (line,) = [found for found in edgegate("check", "--only", "access", "--json").json if found["part"] == "access"]
    assert "the door has not written down its end" in line["detail"]
    assert edgegate("access", "release").status == 0
    assert lockouts.is_released(path)
    (line,) = edgegate("check", "--only", "access", "--json").json
    assert "lock-out should" not in line["detail"]


def test_a_running_door_notices_the_release_within_two_seconds(door: Program, tmp_path: Path) -> None:
    video = write_scene(tmp_path / "long.avi", [("stranger", 3.0), ("enrolled", 60.0)])
    with start(door, video, *NO_BROKER, "--set", "access.lockout_refusals=1") as daemon:
        daemon.wait_for("access.lockout_started")
        daemon.wait_for("access.denied locked_out")
        assert door("access", "release").status == 0
        daemon.wait_for("access.granted")
        assert daemon.end(by=signal.SIGTERM) == 0
    ended, granted = (
        next(read(door.data / "journal.db", kind=kind, last=1)) for kind in ("access.lockout_ended", "access.granted")
    )
    waited = datetime.fromisoformat(granted["time"]) - datetime.fromisoformat(ended["time"])
    assert waited.total_seconds() < 2


@needs_mosquitto
def test_staff_see_in_the_state_that_the_door_is_locked_out_and_until_when(door: Program, tmp_path: Path) -> None:
    video = write_scene(tmp_path / "long.avi", [("stranger", 3.0), ("enrolled", 60.0)])
    with Mosquitto() as broker, Subscriber(broker.port) as staff:
        port = ["--set", f"mqtt.port={broker.port}"]
        with start(door, video, *port, "--set", "access.lockout_refusals=1") as daemon:
            daemon.wait_for("access.denied locked_out")
            assert door("access", "release").status == 0
            daemon.wait_for("access.granted")
            assert daemon.end(by=signal.SIGTERM) == 0
        staff.wait_for(2, leaf="/availability")
        told = [json.loads(message.payload)["locked_out_until"] for message in staff.messages("/state")]
    changes = [until for until, before in zip(told, [..., *told], strict=False) if until != before]
    assert [until is None for until in changes] == [True, False, True]
    started = next(read(door.data / "journal.db", kind="access.lockout_started"))
    lasts = datetime.fromisoformat(changes[1]) - datetime.fromisoformat(started["time"])
    assert lasts.total_seconds() == pytest.approx(300.0, abs=1.0)


# A recording at another time.


def test_a_replay_judges_by_its_own_time_through_the_change_of_the_clock(
    door: Program, scene: Scene, rules: Path, tmp_path: Path
) -> None:
    door.gallery.change(NAME, Details(groups=("staff",)))
    times = {
        "2026-03-29T00:59:58.500Z": ["not_permitted_now", "recognised"],  # 01:59:58 and then 03:00 in Berlin
        "2026-06-15T15:59:59.500Z": ["not_permitted_now"],  # 18:00 comes before the decision
        "2026-06-15T15:59:58.000Z": ["recognised"],
        "2026-04-03T10:00:00Z": ["not_permitted_now"],  # Good Friday
        "2026-10-25T01:59:58.500Z": ["not_permitted_now", "recognised"],  # the second 02:59:58
    }
    for begin, reasons in times.items():
        golden, call = tmp_path / "golden.jsonl", ("replay", scene("enrolled"), "-c", rules, "--start-time", begin)
        events = door(*call, "--events", golden).events or [json.loads(x) for x in golden.read_text().splitlines()]
        assert [event["data"]["reason"] for event in events if "access." in event["type"]] == reasons, begin
        assert door(*call, "--expect", golden, "--events", tmp_path / "again.jsonl").status == 0
        assert golden.read_bytes() == (tmp_path / "again.jsonl").read_bytes()


def test_a_replay_holds_the_door_open_in_its_hours(door: Program, scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text('[access]\nhold_open = "shop"\nschedules = {shop = ["mon 08:00-18:00"]}\n', encoding="utf-8")
    for zone, held in (("Europe/Berlin", True), ("America/New_York", False)):
        start = ("--start-time", "2026-06-15T08:00:00Z", "--set", f"access.time_zone={zone}")
        told = door("replay", scene("enrolled"), "-c", path, *start).told
        assert ("access.hold_open_started first_person" in told, "hold.started" in told) == (held, held)


def test_a_replay_of_strangers_leads_to_a_lock_out(door: Program, scene: Scene) -> None:
    told = door("replay", scene("stranger-then-enrolled"), "--set", "access.lockout_refusals=1").told
    assert told == ["access.denied unknown", "access.lockout_started refusals", "access.denied locked_out"]


def test_staff_start_and_end_a_lockdown_at_the_lock_keeper_itself(edgegate: Program, keeper: Process) -> None:
    started = edgegate("access", "lockdown", *at(keeper))
    assert (started.status, started.err) == (0, "")
    assert started.out == "lockdown: nobody is let in until `edgegate access resume`; the lock is locked\n"
    with closing(keeper.client()) as client:
        assert client.ask_status().mode == "lockdown"
        now = SystemClock().monotonic()
        assert not client.pulse(Pulse(1.0, now + 1.0, 1)), "entry is refused"
        assert edgegate("access", "resume", *at(keeper)).out == "the lockdown is over; the lock is locked\n"
        assert client.ask_status().mode == "normal"
    again = edgegate("access", "resume", "--json", *at(keeper))
    assert again.json == {"mode": "normal", "locked": True, "door": "unknown"}
    assert edgegate("access", "resume", *at(keeper)).out == "there was nothing to end; the lock is locked\n"


def test_staff_end_a_hold_by_hand(edgegate: Program, keeper: Process) -> None:
    with closing(keeper.client()) as client:
        assert client.hold(60.0)
    assert edgegate("access", "resume", *at(keeper)).out == "the hold is over; the lock is locked\n"


@pytest.mark.parametrize("action", ["lockdown", "resume"])
def test_a_lockdown_that_nobody_takes_is_refused_with_the_way_out(
    edgegate: Program, tmp_path: Path, action: str
) -> None:
    alone = edgegate("access", action)
    assert (alone.status, alone.out) == (1, "")
    assert "this door has no lock keeper (door.keeper)" in alone.err
    away = edgegate("access", action, "--set", f"door.keeper={tmp_path / 'nobody.sock'}")
    assert (away.status, away.out) == (1, "")
    assert away.err.endswith("nobody.sock: the lock keeper does not run: start edgegate-lock\n")
