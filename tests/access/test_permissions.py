"""Permission by groups, dates, doors and times; and warnings of what is probably a mistake in the rules."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.access import (
    ANYBODY,
    Calendar,
    HoldOpenHours,
    Permissions,
    PermissionVerdict,
    Rule,
    Schedule,
    rule_warnings,
)
from edgegate.access.observation import ALWAYS, Validity
from edgegate.events.vocabulary import Denial
from tests.access.test_schedule import at

BERLIN = Calendar(ZoneInfo("Europe/Berlin"))
OFFICE = Schedule.parse("office", ["mon-fri 08:00-18:00"])
NIGHT = Schedule.parse("night", ["daily 22:00-06:00"])
NEVER = Schedule.parse("never", [])
NOON, EVENING = at("2026-06-15T12:00"), at("2026-06-15T20:00")

STAFF = Rule(frozenset({"staff"}), OFFICE, frozenset({"front", "back"}))
CLEANERS = Rule(frozenset({"cleaners"}), NIGHT, frozenset({"back"}))
GUARDS = Rule(frozenset({"guards"}))
HERE = Permissions("front", BERLIN, (STAFF, CLEANERS, GUARDS))


def reason(*groups: str, wall: float = NOON, trusted: bool = True, validity: Validity = ALWAYS) -> Denial | None:
    return HERE.ask(groups, validity, wall, trusted=trusted).reason


def test_without_rules_everybody_may_always() -> None:
    assert ANYBODY.ask((), ALWAYS, NOON, trusted=False) == PermissionVerdict()
    assert ANYBODY.ask(("staff",), ALWAYS, EVENING) == PermissionVerdict()


def test_with_rules_only_whom_one_lets_in_may() -> None:
    assert reason("staff") is None
    assert reason("staff", wall=EVENING) is Denial.NOT_PERMITTED_NOW
    assert reason("cleaners", wall=at("2026-06-15T23:00")) is Denial.NOT_PERMITTED_HERE
    assert reason() is Denial.NOT_PERMITTED_HERE
    assert reason("Staff") is Denial.NOT_PERMITTED_HERE
    assert reason("guards", wall=EVENING) is None
    assert reason("staff", "guards", wall=EVENING) is None
    assert HERE.ask(("guards", "staff"), ALWAYS, NOON) == PermissionVerdict(None, 1)
    assert HERE.ask(("guards", "staff"), ALWAYS, EVENING) == PermissionVerdict(None, 3)


def test_a_rule_without_groups_is_for_everybody_and_one_without_doors_for_every_door() -> None:
    everybody = Permissions("front", BERLIN, (Rule(schedule=OFFICE),))
    assert everybody.ask((), ALWAYS, NOON).reason is None
    assert everybody.ask((), ALWAYS, EVENING).reason is Denial.NOT_PERMITTED_NOW


def test_only_who_depends_on_the_time_needs_a_clock() -> None:
    assert reason("staff", trusted=False) is Denial.CLOCK_UNSYNCHRONIZED
    assert reason("guards", trusted=False) is None
    assert reason("staff", "guards", trusted=False) is None
    assert reason("cleaners", trusted=False) is Denial.NOT_PERMITTED_HERE
    assert reason("guards", trusted=False, validity=Validity(until=2e9)) is Denial.CLOCK_UNSYNCHRONIZED


def test_somebody_s_own_dates_hold_besides() -> None:
    assert reason("staff", validity=Validity(since=NOON)) is None
    assert reason("staff", validity=Validity(until=NOON)) is Denial.NOT_PERMITTED_NOW
    assert reason("guards", validity=Validity(since=NOON + 1)) is Denial.NOT_PERMITTED_NOW


@given(
    st.lists(st.sampled_from(["staff", "cleaners", "guards", "visitors"]), unique=True),
    st.sampled_from(["front", "back", "shed"]),
    st.floats(NOON - 7 * 86_400, NOON + 7 * 86_400),
    st.booleans(),
    st.sampled_from([ALWAYS, Validity(since=NOON), Validity(until=NOON)]),
)
def test_permission_is_any_rule_that_holds_by_a_clock_known_where_it_matters(
    groups: list[str], door: str, wall: float, trusted: bool, validity: Validity
) -> None:
    verdict = Permissions(door, BERLIN, HERE.rules).ask(groups, validity, wall, trusted=trusted)
    by_rule = [
        "staff" in groups and door in {"front", "back"} and OFFICE.holds(BERLIN, wall) and trusted,
        "cleaners" in groups and door == "back" and NIGHT.holds(BERLIN, wall) and trusted,
        "guards" in groups,
    ]
    by_dates = validity == ALWAYS or (trusted and validity.since <= wall < validity.until)
    unknown = not trusted and "guards" in groups and validity == ALWAYS
    assert (verdict.reason is None) == (any(by_rule) and by_dates)
    if verdict.reason is None:
        assert verdict.rule is not None
        assert by_rule[verdict.rule - 1] or unknown


def test_the_next_change_is_the_minute_at_which_the_answer_becomes_another() -> None:
    assert HERE.next_change(("staff",), ALWAYS, NOON) == at("2026-06-15T18:00")
    assert HERE.next_change(("staff",), ALWAYS, at("2026-06-19T18:00")) == at("2026-06-22T08:00")
    assert HERE.next_change(("guards",), ALWAYS, NOON) is None
    assert HERE.next_change((), ALWAYS, NOON) is None


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (("staff",), "office"),
        (("guards", "staff"), "always"),
        (("cleaners",), "never at this door"),
        ((), "never at this door"),
    ],
)
def test_what_somebody_may_in_words(groups: tuple[str, ...], words: str) -> None:
    assert HERE.in_words(groups) == words
    assert ANYBODY.in_words(groups) == "always"


# Doubts.

PEOPLE = [("staff",), ("staff", "guards"), ("cleaners", "guards")]


def lines(*rules: Rule, door: str = "front", hold_open: Schedule | None = None) -> tuple[str, ...]:
    hours = None if hold_open is None else HoldOpenHours(hold_open, BERLIN)
    return rule_warnings(Permissions(door, BERLIN, rules), [OFFICE], hours, PEOPLE, NOON)


def test_rules_that_say_what_is_meant_raise_no_doubts() -> None:
    assert lines(STAFF, CLEANERS, GUARDS) == ()
    assert rule_warnings(ANYBODY, [], None, [(), ("staff",)], NOON) == ()


def test_a_rule_that_can_never_match_is_a_doubt() -> None:
    assert lines(STAFF, GUARDS, Rule(frozenset({"staff"}), NEVER)) == (
        "access rule 3 can never match: schedule never never holds",
    )
    assert lines(STAFF, GUARDS, Rule(frozenset({"Staf"}))) == (
        "access rule 3 can never match: nobody is in group Staf; did you mean staff?",
    )


def test_a_group_nobody_is_in_is_a_doubt() -> None:
    assert lines(STAFF, GUARDS, Rule(frozenset({"zz", "staff"}))) == ("access rule 3: nobody is in group zz",)


def test_people_whom_no_rule_lets_in_are_a_doubt() -> None:
    assert lines(STAFF) == ("somebody enrolled is let in by no access rule here: `edgegate people list` says who",)
    assert lines(Rule(frozenset({"cleaners"}), OFFICE))[0].startswith("2 people enrolled are let in by no access rule")


def test_a_door_that_no_rule_names_is_a_doubt() -> None:
    (warning,) = lines(STAFF, CLEANERS, door="frnt")
    assert warning == "no access rule is for door frnt, so that nobody may enter: is front this door?"


@pytest.mark.parametrize("name", ["frnt", "Front", "fornt", "fronnt"])
def test_a_door_misspelt_in_one_rule_is_a_doubt_although_another_is_for_this_door(name: str) -> None:
    assert lines(STAFF, GUARDS, Rule(frozenset({"staff"}), None, frozenset({name, "back"}))) == (
        f"access rule 3 is for door {name}, not for this one; did you mean front?",
    )
    assert lines(STAFF, GUARDS, Rule(frozenset({"staff"}), None, frozenset({name, "front"}))) == ()


@pytest.mark.parametrize(("door", "other"), [("lab-1", "lab-2"), ("north", "south"), ("front", "back")])
def test_another_door_is_no_misspelt_one(door: str, other: str) -> None:
    assert lines(Rule(), Rule(frozenset({"staff"}), OFFICE, frozenset({other})), door=door) == ()


def test_hold_open_hours_that_never_come_and_schedules_that_nothing_uses_are_doubts() -> None:
    assert lines(GUARDS, STAFF, hold_open=NEVER) == ("access.hold_open can never begin: schedule never never holds",)
    assert lines(GUARDS, Rule()) == ("schedule office is used by nothing",)
    assert lines(GUARDS, Rule(), hold_open=OFFICE) == ()
