"""Hours as they are written, and as a clock on the wall shows them, around every change of that clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.access import Calendar, Holiday, Schedule
from edgegate.access.schedule import DAYS

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = BERLIN, *, fold: int = 0) -> float:
    """Seconds since the epoch of a reading of the clock on the wall; `fold` 1 is the second time it shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def schedule(*lines: str) -> Schedule:
    return Schedule.parse("office", lines)


def holds(lines: Sequence[str], text: str, *, fold: int = 0, holidays: Sequence[str] = ()) -> bool:
    calendar = Calendar(BERLIN, frozenset(map(Holiday.parse, holidays)))
    return schedule(*lines).holds(calendar, at(text, fold=fold))


# What may be written.


@pytest.mark.parametrize(
    ("line", "inside", "outside"),
    [
        ("mon-fri 08:00-18:00", "2026-06-15T08:00", "2026-06-15T18:00"),
        ("mon-fri 08:00-18:00", "2026-06-19T17:59:59", "2026-06-20T12:00"),
        ("mon 08:00-12:00 13:00-18:00", "2026-06-15T13:00", "2026-06-15T12:30"),
        ("sat,sun 10:00-16:00", "2026-06-21T10:00", "2026-06-19T10:00"),
        ("sat-mon 10:00-16:00", "2026-06-22T10:00", "2026-06-23T10:00"),
        ("daily 00:00-24:00", "2026-06-15T00:00", "2026-06-16T00:00"),
        ("tue 8:00-18:00", "2026-06-16T08:00", "2026-06-16T07:59"),
        ("MON 08:00-18:00", "2026-06-15T08:00", "2026-06-15T07:59"),
        ("fri 22:00-06:00", "2026-06-20T05:59", "2026-06-20T06:00"),
        ("fri 22:00-06:00", "2026-06-19T22:00", "2026-06-19T05:00"),
        ("sun 22:00-00:00", "2026-06-21T23:59", "2026-06-22T00:00"),
        ("sun 22:00-24:00", "2026-06-21T23:59", "2026-06-22T00:00"),
    ],
)
def test_hours_hold_from_their_first_minute_until_before_their_last(line: str, inside: str, outside: str) -> None:
    assert holds([line], inside)
    if line != "daily 00:00-24:00":
        assert not holds([line], outside)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "'' has no hours"),
        ("mon", "'mon' has no hours"),
        ("08:00-18:00", "'08:00-18:00' has no hours"),
        ("mo-fr 08:00-18:00", "'mo-fr' is not a day"),
        ("mon- 08:00-18:00", "'mon-' is not a day"),
        ("mon,,tue 08:00-18:00", "'' is not a day"),
        ("holiday-mon 08:00-18:00", "'holiday-mon' is not a day"),
        ("mon 8-18", "8-18 is not hours such as 08:00-18:00"),
        ("mon 08:00", "08:00 is not hours"),
        ("mon 08:00-18:0", "08:00-18:0 is not hours"),
        ("mon 08:00-25:00", "there is no 25:00 on a clock"),
        ("mon 08:60-09:00", "there is no 08:60 on a clock"),
        ("mon 08:00-08:00", "08:00-08:00 is no time at all"),
        ("mon 24:00-08:00", "24:00-08:00 is no time at all"),
        ("mon -1:00-08:00", "is not hours"),
        ("mon ٠٨:00-18:00", "٠٨:00-18:00 is not hours"),
    ],
)
def test_what_is_no_hours_is_refused_with_a_reason(line: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        schedule(line)


# Holidays.


def test_on_a_holiday_only_its_own_hours_and_the_daily_ones_hold() -> None:
    lines, christmas = ["mon-fri 08:00-18:00", "holiday 10:00-12:00"], ["12-25"]
    assert not holds(lines, "2026-12-25T09:00", holidays=christmas)
    assert holds(lines, "2026-12-25T10:00", holidays=christmas)
    assert holds(lines, "2026-12-24T09:00", holidays=christmas)
    assert not holds(lines, "2026-12-24T19:00", holidays=christmas)
    assert holds(["daily 08:00-18:00"], "2026-12-25T09:00", holidays=christmas)
    assert not holds(["mon-sun 08:00-18:00"], "2026-12-25T09:00", holidays=christmas)


def test_a_holiday_is_of_one_year_or_of_every_year() -> None:
    lines = ["mon-fri 08:00-18:00"]
    for year, once in ((2026, False), (2028, True)):
        assert holds(lines, f"{year}-12-25T09:00", holidays=["2026-12-25"]) is once
        assert not holds(lines, f"{year}-12-25T09:00", holidays=["12-25"])


def test_hours_across_midnight_belong_to_the_day_they_begin_on() -> None:
    thursday_night, friday_is_off = ["thu 22:00-06:00"], ["2026-12-25"]
    assert holds(thursday_night, "2026-12-25T05:00", holidays=friday_is_off)
    assert not holds(["fri 22:00-06:00"], "2026-12-25T23:00", holidays=friday_is_off)
    assert not holds(["fri 22:00-06:00"], "2026-12-26T05:00", holidays=friday_is_off)


@pytest.mark.parametrize("text", ["2026-02-29", "02-30", "25.12.", "2026", "", "12-25-2026", "20261225"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a day such as 2026-12-25, or 12-25 for every year"):
        Holiday.parse(text)


def test_a_leap_day_may_be_a_holiday_of_every_year() -> None:
    assert Holiday.parse("02-29").falls_on(date(2028, 2, 29))


@pytest.mark.parametrize(
    ("lines", "holidays", "can"),
    [
        ([], [], False),
        (["mon 08:00-09:00"], [], True),
        (["holiday 08:00-09:00"], [], False),
        (["holiday 08:00-09:00"], ["2026-06-13"], False),
        (["holiday 08:00-09:00"], ["2026-06-15"], True),
        (["holiday 22:00-09:00"], ["2026-06-14"], True),
        (["holiday 08:00-09:00"], ["01-01"], True),
    ],
)
def test_a_schedule_that_can_never_hold_again_is_known(lines: list[str], holidays: list[str], can: bool) -> None:
    calendar = Calendar(BERLIN, frozenset(map(Holiday.parse, holidays)))
    assert schedule(*lines).can_hold(calendar, at("2026-06-15T08:30")) is can


# When the clock on the wall changes: Berlin on 29 March 2026 at 02:00, back on 25 October at 03:00.


def test_in_the_spring_an_hour_that_the_clock_skips_does_not_come() -> None:
    night, gap = ["sat 22:00-06:00"], ["sun 02:00-02:30"]
    berlin = Calendar(BERLIN)
    before = at("2026-03-29T01:59")
    assert [schedule(*night).holds(berlin, before + 60 * minute) for minute in range(3)] == [True] * 3
    assert schedule(*night).lasts(berlin, at("2026-03-28T22:00"), 1e6) == 7 * 3600
    assert not any(schedule(*gap).holds(berlin, before + 60 * minute) for minute in range(-120, 120))
    assert schedule("sun 01:30-02:30").lasts(berlin, at("2026-03-29T01:30"), 1e6) == 30 * 60


def test_in_the_autumn_an_hour_that_the_clock_shows_twice_counts_twice() -> None:
    for fold in (0, 1):
        assert holds(["sun 02:00-03:00"], "2026-10-25T02:00", fold=fold)
        assert holds(["sun 02:00-03:00"], "2026-10-25T02:59", fold=fold)
        assert not holds(["sun 02:00-02:30"], "2026-10-25T02:45", fold=fold)
    berlin = Calendar(BERLIN)
    assert schedule("sun 02:00-03:00").lasts(berlin, at("2026-10-25T02:00"), 1e6) == 2 * 3600
    assert schedule("sat 22:00-06:00").lasts(berlin, at("2026-10-24T22:00"), 1e6) == 9 * 3600
    assert schedule("sun 01:00-02:00").lasts(berlin, at("2026-10-25T01:00"), 1e6) == 3600


def test_where_the_clock_changes_by_half_an_hour_so_do_the_hours() -> None:
    howe = ZoneInfo("Australia/Lord_Howe")
    night = schedule("sat 22:00-06:00")
    assert night.lasts(Calendar(howe), at("2026-10-03T22:00", howe), 1e6) == 7.5 * 3600
    assert night.lasts(Calendar(howe), at("2026-04-04T22:00", howe), 1e6) == 8.5 * 3600


def test_how_long_it_lasts_is_bounded_by_what_is_asked() -> None:
    berlin, office = Calendar(BERLIN), schedule("mon 08:00-18:00")
    assert office.lasts(berlin, at("2026-06-15T09:00:10"), 30) == 30
    assert office.lasts(berlin, at("2026-06-15T17:59:50"), 30) == 10
    assert office.lasts(berlin, at("2026-06-15T18:00"), 30) == 0


# Against a model that ticks off the minutes of a paper calendar.

CHANGES = [  # the last Monday before, of every change of the clock in a year
    (ZoneInfo(name), date.fromisoformat(day))
    for name, days in {
        "Europe/Berlin": ("2026-03-29", "2026-10-25"),
        "America/New_York": ("2026-03-08", "2026-11-01"),
        "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
        "Asia/Kathmandu": ("2026-06-15",),  # never, but not on the hour
        "America/Sao_Paulo": ("2018-11-04",),  # at midnight: the day begins at 01:00
    }.items()
    for day in days
]


@dataclass(frozen=True)
class Entry:
    """Hours as the model has them: their days by name, first minute and length."""

    days: tuple[str, ...]
    begin: int
    length: int

    def line(self) -> str:
        end = self.begin + self.length
        shown = end if end <= 24 * 60 else end - 24 * 60
        return f"{','.join(self.days)} {_time(self.begin)}-{_time(shown)}"


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


entries = st.builds(
    Entry,
    st.lists(st.sampled_from([*DAYS, "holiday"]), min_size=1, max_size=4, unique=True).map(tuple),
    st.sampled_from([0, 30, 60, 119, 120, 121, 150, 179, 180, 22 * 60, 1439]) | st.integers(0, 1439),
    st.sampled_from([1, 30, 60, 120, 8 * 60, 1439]) | st.integers(1, 1439),
)


def minutes(plan: Sequence[Entry], first: date, days: int, holidays: set[date]) -> set[datetime]:
    """Every reading of the clock within the hours, ticked off day by day, with no thought of what the clock does."""
    found = set()
    for day in (first + timedelta(days=n) for n in range(days)):
        kind = "holiday" if day in holidays else DAYS[day.weekday()]
        for entry in plan:
            if kind in entry.days:
                begin = datetime(day.year, day.month, day.day) + timedelta(minutes=entry.begin)  # noqa: DTZ001
                found |= {begin + timedelta(minutes=n) for n in range(entry.length)}
    return found


def ticks(zone: ZoneInfo, day: date) -> Iterator[tuple[float, datetime]]:
    """Every minute from noon of the day before to noon after, with what the clock on the wall shows."""
    begin = int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) - 12 * 3600
    for wall in range(begin - begin % 60, begin + 36 * 3600, 60):
        yield wall, datetime.fromtimestamp(wall, UTC).astimezone(zone).replace(tzinfo=None)


@given(st.sampled_from(CHANGES), st.lists(entries, min_size=1, max_size=3), st.booleans())
def test_hours_are_what_the_minutes_of_a_paper_calendar_say(
    change: tuple[ZoneInfo, date], plan: list[Entry], off: bool
) -> None:
    zone, day = change
    calendar = Calendar(zone, frozenset({Holiday(day.month, day.day)} if off else ()))
    office = schedule(*(entry.line() for entry in plan))
    inside = minutes(plan, day - timedelta(days=3), 6, {day} if off else set())
    for wall, shown in ticks(zone, day):
        assert office.holds(calendar, wall) == (shown in inside), shown


@given(st.sampled_from(CHANGES), st.lists(entries, min_size=1, max_size=3), st.integers(0, 12 * 60), st.floats(0, 59))
def test_it_lasts_for_as_long_as_every_minute_of_it_holds(
    change: tuple[ZoneInfo, date], plan: list[Entry], after: int, seconds: float
) -> None:
    zone, day = change
    calendar, office = Calendar(zone), schedule(*(entry.line() for entry in plan))
    begin = datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() + after * 60 + seconds
    left = office.lasts(calendar, begin, 1800)
    assert 0 <= left <= 1800
    if left:
        assert all(office.holds(calendar, begin + left * part / 40) for part in range(40))
    if left < 1800:
        assert not office.holds(calendar, begin + left)
