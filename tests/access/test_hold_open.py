"""Hold-open hours: never outside the hours, nor without a clock, and only for as long as everything is in order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from edgegate.access import Calendar, HoldOpen, HoldOpenHours, Schedule
from edgegate.access.hold_open import HOLD_SECONDS
from edgegate.access.observation import Observation
from edgegate.events.vocabulary import Denial
from tests.access.test_schedule import at

EIGHT = at("2026-06-15T08:00")
BERLIN = Calendar(ZoneInfo("Europe/Berlin"))
HOURS = HoldOpenHours(Schedule.parse("office", ["mon-fri 08:00-08:10"]), BERLIN)


@dataclass
class Door:
    """Hold-open hours with a lock that does as it is asked, and a clock on the wall that shows 08:00 at `now` 0."""

    hours: HoldOpenHours | None = HOURS
    now: float = -60.0
    trusted: bool = True
    lockdown: bool = False
    broken: bool = False
    """True if nothing that is asked of the lock is done, because it or the journal fails."""
    fault_seen: bool = False
    until: float = -1e9
    """The time at which the lock locks."""
    rules: HoldOpen = field(default_factory=HoldOpen)
    told: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        return self.now < self.until and not self.lockdown

    def turn(self, seconds: float = 0.5, *, admit: bool = False) -> None:
        self.now += seconds
        barred = Denial.LOCKDOWN if self.lockdown else Denial.LOCK_FAULT if self.fault_seen else None
        what = Observation(self.now, self.now, self.now, (), EIGHT + self.now, self.trusted, barred, self.held)
        events, hold = self.rules.turn(self.hours, what, self.now)
        self.told += [f"{event.type.partition('open_')[2]} {event.data['reason']}" for event in events]
        if admit:
            self.rules.person_in()
        if hold is not None and not self.lockdown and not self.broken:
            assert 0.1 <= hold.until - self.now <= HOLD_SECONDS + 1e-6
            self.until = hold.until

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 2)):
            self.turn()


def test_the_hold_lasts_from_the_first_person_to_the_last_second_of_the_hours() -> None:
    door = Door()
    door.wait(120)
    assert (door.told, door.held) == ([], False)
    door.turn(admit=True)
    door.turn()
    assert (door.told, door.held) == (["started first_person"], True)
    while door.now < 599.5:
        door.turn()
        assert door.held
    assert door.until == 600.0
    door.wait(2)
    assert (door.told[1:], door.held) == (["ended schedule"], False)


def test_a_person_who_comes_before_the_hours_opens_nothing() -> None:
    door = Door()
    door.turn(admit=True)
    door.wait(120)
    assert door.told == []


def test_a_person_whom_the_lock_did_not_let_in_opens_nothing() -> None:
    door = Door()
    door.wait(61)
    door.turn(admit=True)
    door.rules.person_out()
    door.wait(5)
    assert door.told == []


def test_without_the_need_for_a_first_person_the_hours_alone_open_it() -> None:
    door = Door(replace(HOURS, first_person=False))
    door.wait(59)
    assert not door.held
    door.wait(2)
    assert (door.told, door.held) == (["started schedule"], True)


def test_whoever_stops_turning_lets_the_door_lock() -> None:
    door = Door(replace(HOURS, first_person=False))
    door.wait(70)
    assert door.until <= door.now + HOLD_SECONDS


def test_what_ended_a_hold_ends_it_until_the_next_person() -> None:
    door = Door(replace(HOURS, first_person=False))
    door.wait(90)
    door.until = door.now  # staff, or the lock keeper's restart
    door.wait(60)
    assert (door.told, door.held) == (["started schedule", "ended interrupted"], False)
    door.turn(admit=True)
    door.wait(1)
    assert (door.told[2:], door.held) == (["started schedule"], True)


def test_a_hold_that_failed_at_the_opening_moment_is_asked_for_until_it_comes_about() -> None:
    door = Door(replace(HOURS, first_person=False), broken=True)
    door.wait(130)
    assert (door.told, door.held) == (["started schedule"], False)
    door.broken, door.fault_seen = False, True
    door.wait(10)
    assert not door.held  # a lock out of order is asked for nothing
    door.fault_seen = False
    door.wait(2)
    assert (door.told, door.held) == (["started schedule"], True)
    door.until = door.now  # one that was there and was ended is not taken up again
    door.wait(60)
    assert (door.told[1:], door.held) == (["ended interrupted"], False)


def test_a_lockdown_before_the_first_hold_came_about_ends_it_too() -> None:
    door = Door(replace(HOURS, first_person=False), broken=True)
    door.wait(70)
    door.lockdown, door.broken = True, False
    door.wait(10)
    door.lockdown = False
    door.wait(10)
    assert (door.told, door.held) == (["started schedule", "ended interrupted"], False)


def test_a_lockdown_ends_it_and_nothing_opens_until_it_is_over_and_somebody_comes() -> None:
    door = Door(replace(HOURS, first_person=False))
    door.wait(90)
    door.lockdown = True
    door.turn(admit=True)
    door.wait(60)
    assert door.told == ["started schedule", "ended interrupted"]
    door.lockdown, door.until = False, door.now
    door.wait(10)
    assert not door.held
    door.turn(admit=True)
    door.wait(1)
    assert door.held


def test_an_answer_of_the_lock_that_is_a_moment_old_ends_nothing() -> None:
    door = Door(replace(HOURS, first_person=False))
    door.wait(90)
    until, door.until = door.until, door.now
    door.turn()
    door.until = until
    door.wait(30)
    assert (door.told, door.held) == (["started schedule"], True)


def test_a_clock_that_is_not_trusted_opens_nothing() -> None:
    door = Door(replace(HOURS, first_person=False), trusted=False)
    door.wait(120)
    assert door.told == []
    door.trusted = True
    door.turn()
    assert door.held


def test_a_clock_that_is_set_past_the_end_lets_the_door_lock_soon() -> None:
    door = Door(replace(HOURS, first_person=False))
    door.wait(90)
    door.hours = replace(HOURS, schedule=Schedule.parse("office", ["mon-fri 07:00-08:00"]))
    door.turn()
    assert door.told[-1] == "ended schedule"
    assert door.until <= door.now + HOLD_SECONDS


def test_rules_without_hours_end_it() -> None:
    door = Door(replace(HOURS, first_person=False))
    door.wait(90)
    door.hours = None
    door.wait(HOLD_SECONDS)
    assert (door.told[-1], door.held) == ("ended schedule", False)


steps = st.tuples(
    st.sampled_from([0.2, 0.5, 2.0, 9.0, 45.0, 240.0]),
    st.booleans(),
    st.sampled_from(["", "", "", "lockdown", "resume", "clock", "no clock"]),
)


@given(st.lists(steps, max_size=60), st.booleans())
def test_whatever_happens_no_hold_is_outside_the_hours_or_before_somebody_came(
    happening: list[tuple[float, bool, str]], first_person: bool
) -> None:
    door, came = Door(replace(HOURS, first_person=first_person)), False
    for after, admit, what in happening:
        match what:
            case "lockdown" | "resume":
                door.lockdown, door.until = what == "lockdown", door.now
            case "clock" | "no clock":
                door.trusted = what == "clock"
        asked = door.until
        door.turn(after, admit=admit)
        inside = 0 <= door.now < 600
        if door.until != asked and door.until > door.now:
            assert inside
            assert door.trusted
            assert not door.lockdown
            assert came or not first_person
        assert door.until <= 600.0 + 1e-6 or door.until <= asked
        came = (came or admit) and inside
