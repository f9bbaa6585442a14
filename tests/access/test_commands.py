"""Rules of access as an installer meets them: in the config, in `people`, `check`, `access` and `replay`."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edgegate import config
from edgegate.access import NO_LOCKOUT, Permissions
from edgegate.cli.people import permitting
from edgegate.clock import SystemClock
from edgegate.errors import ConfigError
from edgegate.gallery import Details
from edgegate.system import time_zones
from tests.support.access_rules import NAME
from tests.support.program import Program, Result

NO_DAY = "'mo' is not a day: mon to sun, holiday, daily, or from-to such as mon-fri"


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
