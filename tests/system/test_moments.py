"""Times as people write them: what is understood, in which zone, and what is written back."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.errors import UsageError
from edgegate.system import time_zones
from edgegate.system.moments import read, written

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 6, 15, 12, 30, 15, tzinfo=BERLIN)


def now() -> float:
    return NOW.timestamp() + 0.25


def never() -> float:
    raise AssertionError("the clock is asked, and the text does not depend on it")


def in_berlin(text: str, *, end: bool = False) -> str:
    return written(read(text, BERLIN, now, end=end)).removesuffix(" (Europe/Berlin)")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2026-01-31", "2026-01-31 00:00 CET"),
        (" 2026-07-31 ", "2026-07-31 00:00 CEST"),
        ("2026-01-31 08:00", "2026-01-31 08:00 CET"),
        ("2026-01-31T08:00", "2026-01-31 08:00 CET"),
        ("2026-01-31T08:00:30.5", "2026-01-31 08:00:30.500000 CET"),
        ("2026-01-31 8:00", "2026-01-31 08:00 CET"),
        ("08:00", "2026-06-15 08:00 CEST"),
        ("8:05:01", "2026-06-15 08:05:01 CEST"),
        ("today", "2026-06-15 00:00 CEST"),
        ("yesterday", "2026-06-14 00:00 CEST"),
        ("tomorrow 18:00", "2026-06-16 18:00 CEST"),
        ("now", "2026-06-15 12:30:15 CEST"),
        ("-2h", "2026-06-15 10:30:15 CEST"),
        ("+1h30m", "2026-06-15 14:00:15 CEST"),
        ("-15s", "2026-06-15 12:30 CEST"),
        ("-3d", "2026-06-12 12:30:15 CEST"),
        ("+1w", "2026-06-22 12:30:15 CEST"),
        ("2026-01-31T08:00Z", "2026-01-31 09:00 CET"),
        ("2026-01-31 08:00 UTC", "2026-01-31 09:00 CET"),
        ("2026-01-31T08:00-05:00", "2026-01-31 14:00 CET"),
        ("2026-01-31 08:00 -0500", "2026-01-31 14:00 CET"),
        ("2026-01-31 08:00 EST (America/New_York)", "2026-01-31 14:00 CET"),
        ("2026-01-31 (America/New_York)", "2026-01-31 06:00 CET"),
    ],
)
def test_what_people_write_is_understood_in_the_zone_given(text: str, meaning: str) -> None:
    assert in_berlin(text) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2026-01-31", "2026-02-01 00:00 CET"),
        ("today", "2026-06-16 00:00 CEST"),
        ("2026-01-31 18:00", "2026-01-31 18:00 CET"),
        ("2026-03-29", "2026-03-30 00:00 CEST"),  # a day of 23 hours
    ],
)
def test_a_day_alone_is_counted_in_as_an_end(text: str, meaning: str) -> None:
    assert in_berlin(text, end=True) == meaning


def test_where_the_clock_is_put_back_the_first_of_two_times_is_meant() -> None:
    assert in_berlin("2026-10-25 02:30") == in_berlin("2026-10-25 02:30 CEST") == "2026-10-25 02:30 CEST"
    assert in_berlin("2026-10-25 02:30 CET") == in_berlin("2026-10-25 02:30+01:00") == "2026-10-25 02:30 CET"


def test_where_the_clock_is_put_forward_a_time_that_does_not_come_is_refused() -> None:
    with pytest.raises(UsageError, match="2026-03-29T02:30: the clock of Europe/Berlin is put forward past this time"):
        in_berlin("2026-03-29 02:30")
    assert in_berlin("2026-03-29 03:00") == "2026-03-29 03:00 CEST"


def test_a_day_whose_midnight_does_not_come_begins_later() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    assert written(read("2026-04-24", cairo, never)) == "2026-04-24 01:00 EEST (Africa/Cairo)"
    assert written(read("2026-04-23", cairo, never, end=True)) == "2026-04-24 01:00 EEST (Africa/Cairo)"


def test_a_name_that_the_zone_does_not_have_then_is_refused_with_the_right_one() -> None:
    with pytest.raises(UsageError, match="Europe/Berlin has CET then; write that, Z, or an offset"):
        in_berlin("2026-01-31 08:00 CEST")


def test_two_hours_are_two_hours_where_the_clock_changes() -> None:
    changed = datetime(2026, 3, 29, 4, tzinfo=BERLIN).timestamp()
    assert read("-2h", BERLIN, lambda: changed).timestamp() == changed - 7200
    assert read("-1d", BERLIN, lambda: changed).timestamp() == changed - 86_400


@pytest.mark.parametrize(
    "text",
    ["", "noon", "2h", "-2", "- 2h", "2026-02-30", "2026-01-31 25:00", "2026-01-31 08:00 CET CET", "today today",
     "-99999999999w", "0001-01-01 00:00+14:00", "2026-01-31 (Nowhere/Land)", "2026-01-31 (../../etc/passwd)"],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="not a time; write one such as 2026-01-31"):
        in_berlin(text)


def test_every_example_of_the_refusal_is_understood() -> None:
    with pytest.raises(UsageError) as refused:
        in_berlin("noon")
    examples = str(refused.value).partition("such as ")[2].replace(" or ", ", ").split(", ")
    assert len(examples) == 6
    assert all(in_berlin(example) for example in examples)


def test_the_clock_is_asked_only_for_what_depends_on_it() -> None:
    assert read("2026-01-31 08:00", BERLIN, never) == datetime(2026, 1, 31, 8, tzinfo=BERLIN)


@given(st.text(max_size=30))
def test_no_text_is_worse_than_no_time(text: str) -> None:
    with suppress(UsageError):
        assert read(text, BERLIN, now).tzinfo is BERLIN


MOMENTS = st.floats(-2e9, 4e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
ZONES = st.sampled_from(time_zones.names()).map(ZoneInfo)


@given(MOMENTS, ZONES)
def test_what_is_written_is_understood_as_the_same_moment(moment: datetime, zone: ZoneInfo) -> None:
    text = written(moment.astimezone(zone))
    for door in (BERLIN, zone):
        assert read(text, door, never).timestamp() == moment.timestamp()  # == says no of times that come twice


@pytest.mark.parametrize("name", ["Europe/Berlin", "Europe/Moscow", "America/Havana", "Asia/Kathmandu", "UTC"])
def test_every_half_hour_around_a_change_is_understood_again(name: str) -> None:
    """Moscow put its clock back in 2014 and kept the name, so that only an offset tells the two apart."""
    zone, start = ZoneInfo(name), datetime(2014, 1, 1, tzinfo=UTC)
    for moment in (start + timedelta(minutes=30 * step) for step in range(2 * 24 * 365)):
        assert read(written(moment.astimezone(zone)), zone, never).timestamp() == moment.timestamp()


def test_a_zone_without_a_name_is_written_without_one() -> None:
    with (files("tzdata") / "zoneinfo" / "Europe" / "Berlin").open("rb") as file:
        nameless = ZoneInfo.from_file(file, key="this machine's")
    text = written(datetime(2026, 1, 31, 8, tzinfo=nameless))
    assert text == "2026-01-31 08:00 CET"
    assert read(text, nameless, never) == datetime(2026, 1, 31, 8, tzinfo=nameless)
