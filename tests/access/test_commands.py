"""Rules of access as an installer meets them: in the config, in `people`, `check`, `access` and `replay`."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edgegate import config
from edgegate.access import NO_LOCKOUT, Permissions
from edgegate.cli.people import permitting
from edgegate.clock import SystemClock, VirtualClock
from edgegate.door.pulse import Pulse
from edgegate.errors import ConfigError
from edgegate.events.cloudevents import Origin
from edgegate.events.vocabulary import Event, EventType
from edgegate.gallery import Details
from edgegate.journal import Journal, lockouts, read
from edgegate.system import time_zones
from tests.support.brokers import Mosquitto, Subscriber, needs_mosquitto
from tests.support.daemons import NO_BROKER, start
from tests.support.door_scenes import ENROLLED, write_scene
from tests.support.keepers import Process
from tests.support.program import Program, Result

Scene = Callable[[str], Path]

RULES = """
[site]
door = "front"
[mqtt]
enabled = false
[access]
time_zone = "Europe/Berlin"
holidays = ["12-25", "2026-04-03"]
rules = [
    {groups = ["staff"], schedule = "office"},
    {groups = ["cleaners"], schedule = "night", doors = ["back"]},
    {groups = ["guards"]},
]
[access.schedules]
office = ["mon-fri 08:00-18:00", "sun 03:00-04:00"]
night = ["mon-fri 22:00-06:00"]
"""
NAME = ENROLLED.person
NO_DAY = "'mo' is not a day: mon to sun, holiday, daily, or from-to such as mon-fri"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(RULES, encoding="utf-8")
    return path


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    return [problem.removeprefix(f"{path}: ") for problem in caught.value.problems]


# The config.


def test_without_a_word_everybody_enrolled_may_always_enter() -> None:
    access = config.load().access
    assert access.permissions("front") == Permissions("front", access.calendar)
    assert (access.lockout, access.hold_open_hours) == (NO_LOCKOUT, None)


def test_rules_are_read_with_their_schedules_and_days(rules: Path) -> None:
    permissions = config.load(rules).access.permissions("front")
    assert permissions.calendar.zone == ZoneInfo("Europe/Berlin")
    assert len(permissions.calendar.holidays) == 2
    staff, cleaners, guards = permissions.rules
    assert staff.schedule is not None
    assert (staff.groups, staff.schedule.name, staff.doors) == (frozenset({"staff"}), "office", frozenset())
    assert cleaners.doors == {"back"}
    assert guards.schedule is None


def test_each_mistake_is_one_line_with_its_place_and_the_way_out(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        [access]
        time_zone = "Europe/Berln"
        holidays = ["12-25", "25.12."]
        hold_open = "ofice"
        lockout_refusals = -1
        [access.schedules]
        office = ["mon-fri 08:00-18:00", "mo 8-18"]
        [[access.rules]]
        group = ["staff"]
        [[access.rules]]
        groups = "staff"
        """,
    )
    assert found == [
        "access.time_zone = 'Europe/Berln': there is no such time zone; did you mean Europe/Berlin?",
        "access.holidays.2 = '25.12.': 25.12. is not a day such as 2026-12-25, or 12-25 for every year",
        f"access.schedules.office.2 = 'mo 8-18': {NO_DAY}",
        "access.rules.1.group: unknown key; did you mean groups?",
        "access.rules.2.groups = 'staff': must be a list",
        "access.lockout_refusals = -1: must be greater than or equal to 0",
    ]


def test_a_schedule_that_is_not_there_is_a_mistake_wherever_it_is_named(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        [access]
        hold_open = "ofice"
        rules = [{schedule = "office"}, {schedule = "nights"}]
        schedules = {office = ["mon 08:00-18:00"], night = ["mon 22:00-06:00"]}
        """,
    )
    assert found == [
        "access.rules.2 = {'schedule': 'nights'}: there is no schedule nights; did you mean night?",
        "access.hold_open = 'ofice': there is no schedule ofice; did you mean office?",
    ]


def test_without_a_zone_it_is_this_machine_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    assert config.load().access.calendar.zone == ZoneInfo("America/New_York")
    monkeypatch.delenv("TZ")
    assert time_zones.system_zone(tmp_path / "nowhere") is UTC
    monkeypatch.setenv("TZ", "XYZ7")
    assert time_zones.system_zone(tmp_path / "nowhere") is UTC
    (tmp_path / "localtime").write_text("no zone", encoding="utf-8")
    assert time_zones.system_zone(tmp_path / "localtime") is UTC


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_a_machine_without_zones_of_its_own_has_them_even_so(name: str) -> None:
    from importlib.resources import files  # noqa: PLC0415  the package is data alone

    assert files("tzdata").joinpath("zoneinfo", *name.split("/")).is_file()


# What staff ask.


def may(door: Program, rules: Path, at: str) -> Result:
    return door("people", "may", NAME, "--at", at, "-c", rules)


def test_whether_somebody_may_enter_is_answered_with_the_reason(door: Program, rules: Path) -> None:
    no = may(door, rules, "2026-06-15T12:00")
    assert no.status == 1
    assert "no (not_permitted_here), no rule lets them in at this door; in no group" in no.out
    door.gallery.change(NAME, Details(groups=("staff",)))
    yes = may(door, rules, "2026-06-15T12:00")
    assert (yes.status, yes.err) == (0, "")
    assert yes.out == (
        f"{NAME} at front, Mon 2026-06-15 12:00 CEST (Europe/Berlin): yes, by rule 1 for staff, by office: "
        "mon-fri 08:00-18:00, sun 03:00-04:00, until Mon 2026-06-15 18:00 CEST\n"
    )
    late = may(door, rules, "2026-06-15T20:00+02:00")
    assert late.status == 1
    assert late.out.endswith(
        "no (not_permitted_now), not at this time; in staff; may enter: office, until Tue 2026-06-16 08:00 CEST\n"
    )
    door.gallery.change(NAME, Details(groups=("guards",)))
    assert "yes, by rule 3 for guards, at all hours" in may(door, rules, "2026-06-15T20:00").out
    assert door("people", "may", NAME).out.endswith("yes, there are no rules\n")


def test_the_same_for_programs(door: Program, rules: Path) -> None:
    door.gallery.change(NAME, Details(groups=("staff",)))
    answer = door("people", "may", NAME, "--at", "2026-06-15T12:00", "-c", rules, "--json")
    assert answer.json == {
        "name": NAME, "door": "front", "at": "2026-06-15T10:00:00.000Z", "may": True, "reason": None, "rule": 1,
        "until": "2026-06-15T16:00:00.000Z",
    }  # fmt: skip
    assert answer.err == "at 2026-06-15 12:00 CEST (Europe/Berlin)\n"


class Unsynchronized(SystemClock):
    def wall_trusted(self) -> bool:
        return False


def test_a_time_by_an_unsynchronized_clock_is_not_relied_on(
    door: Program, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.gallery.change(NAME, Details(groups=("staff",)))
    monkeypatch.setattr(permitting, "SystemClock", Unsynchronized)
    for at in ("now", "today 12:00", "-2h"):
        assert "no (clock_unsynchronized)" in may(door, rules, at).out
    assert "yes" in may(door, rules, "2026-06-15T12:00").out


def test_what_cannot_be_asked_is_a_wrong_call(door: Program, rules: Path) -> None:
    assert may(door, rules, "noon").status == 2
    assert door("people", "may", "Nobody").problem.startswith("Nobody: not enrolled")


def test_lists_say_what_each_may(door: Program, rules: Path) -> None:
    assert "may enter" not in door("people", "list").out
    assert "may enter: never at this door" in door("people", "list", "-c", rules).out
    door.gallery.change(NAME, Details(groups=("staff", "cleaners")))
    assert "may enter: office" in door("people", "list", "-c", rules).out
    assert "may enter  office" in door("people", "show", NAME, "-c", rules).out
    assert door("people", "show", NAME, "-c", rules, "--json").json["may"] == "office"
    assert [row["may"] for row in door("people", "list", "--json").json["people"]] == ["always"]


def test_check_says_what_the_rules_are_and_what_is_probably_a_mistake(door: Program, rules: Path) -> None:
    door.gallery.change(NAME, Details(groups=("staff", "cleaners", "guards")))
    (line,) = [found for found in door("check", "-c", rules, "--json").json if found["part"] == "access"]
    assert line["state"] == "ok"
    assert line["detail"].startswith("3 rules; Europe/Berlin, now ")
    door.gallery.change(NAME, Details(groups=("staf",)))
    (line,) = [found for found in door("check", "-c", rules, "--json").json if found["part"] == "access"]
    assert line["state"] == "warning"
    assert "access rule 1 can never match: nobody is in group staff; did you mean staf?" in line["detail"]
    assert "access rule 3 can never match: nobody is in group guards" in line["detail"]
    assert "somebody enrolled is let in by no access rule here" in line["detail"]


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


# Staff's lockdown.


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Process]:
    folder = tmp_path / "lock"
    folder.mkdir()
    with Process(folder) as process:
        process.wait_for("READY=1")
        yield process


def at(keeper: Process) -> tuple[str, str]:
    return "--set", f"door.keeper={keeper.folder / 'keeper.sock'}"


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
