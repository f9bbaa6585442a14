"""From a promised rate to a threshold: the lookup, what several data sets must agree on, and honest bounds."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.recognition.thresholds import Table, Threshold, per_person, rate_bound


def row(rate: float, threshold: float, *, photos: int = 1, frames: int = 1, data: str = "lfw") -> dict[str, Any]:
    return {
        "data": data, "photos": photos, "frames": frames, "rate": rate, "threshold": threshold, "trials": 1000,
    }  # fmt: skip


def counts_table() -> Table:
    """One rate, measured for 1 and 5 photos and 1 and 5 frames; the threshold says which."""
    return Table([row(1e-3, 0.9 + p / 100 + f / 1000, photos=p, frames=f) for p in (1, 5) for f in (1, 5)])


@pytest.mark.parametrize(
    ("photos", "frames", "threshold"),
    [
        pytest.param(1, 1, 0.911, id="as measured"),
        pytest.param(5, 5, 0.955, id="as measured"),
        pytest.param(2, 1, 0.951, id="between photos, the larger"),
        pytest.param(1, 4, 0.915, id="between frames, the larger"),
        pytest.param(9, 30, 0.955, id="beyond, the largest"),
    ],
)
def test_counts_that_were_not_measured_take_the_larger_ones(photos: int, frames: int, threshold: float) -> None:
    assert counts_table().threshold(photos, frames, 1e-3).value == pytest.approx(threshold)


def test_the_largest_rate_that_keeps_the_promise_is_taken() -> None:
    table = Table([row(1e-2, 0.91), row(1e-3, 0.93), row(1e-4, 0.95)])
    assert table.threshold(1, 1, 5e-3) == Threshold(0.93, carried=True, measured_rate=1e-3)
    assert table.threshold(1, 1, 1.0) == Threshold(0.91, carried=True, measured_rate=1e-2)


def test_every_data_set_must_be_satisfied() -> None:
    table = Table([row(1e-2, 0.91), row(1e-3, 0.93), row(1e-2, 0.95, data="door"), row(1e-3, 0.92, data="door")])
    assert table.threshold(1, 1, 1e-2).value == 0.95
    assert table.threshold(1, 1, 1e-3).value == 0.93


def test_with_too_few_trials_in_one_data_set_the_rate_is_not_supported() -> None:
    table = Table([row(1e-2, 0.91), row(1e-6, 0.97), row(1e-2, 0.95, data="door"), row(1e-3, 0.96, data="door")])
    assert table.threshold(1, 1, 1e-4) == Threshold(0.97, carried=False, measured_rate=1e-3)


def test_beyond_the_trials_of_the_largest_set_its_threshold_goes_on_rising_as_it_did() -> None:
    large = [row(1e-2, 0.90), row(1e-3, 0.93), row(1e-4, 0.94)]
    table = Table([*large, row(1e-2, 0.91, data="small")])
    assert table.threshold(1, 1, 1e-4) == Threshold(0.94, carried=False, measured_rate=1e-2)
    beyond = table.threshold(1, 1, 1e-5)
    assert beyond.value == pytest.approx(0.96)
    assert not beyond.carried
    assert table.threshold(1, 1, 1e-99).value == 1.0
    short = Table(large[:2])
    assert short.threshold(1, 1, 1e-5).value == 0.93, "one decade is too short to be continued"


def test_the_strictest_is_taken_among_the_counts_that_bear_on_it() -> None:
    more_photos, more_frames = row(1e-2, 0.98, photos=5), row(1e-2, 0.99, frames=5)
    table = Table([row(1e-2, 0.91), more_photos, more_frames, row(1e-2, 0.93, photos=3, data="door")])
    assert table.threshold(1, 1, 1e-4).value == 0.93
    assert table.threshold(5, 1, 1e-4).value == 0.98
    assert table.threshold(1, 5, 1e-4).value == 0.99


def test_a_threshold_that_was_looked_up_is_never_stricter_than_the_strictest() -> None:
    table = Table([row(1e-2, 0.99, photos=5), row(1e-2, 0.93, photos=3, data="door")])
    assert table.threshold(2, 1, 1e-2).value == 0.99
    assert table.threshold(2, 1, 1e-4).value == 0.99


@pytest.mark.parametrize(
    ("rows", "error"), [([], "no rows"), ([{**row(0.1, 0.9), "trials": "many"}], "invalid literal")]
)
def test_a_table_that_says_nothing_is_an_error(rows: list[dict[str, Any]], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        Table(rows)


def test_a_row_without_a_column_is_an_error() -> None:
    incomplete = row(0.1, 0.9)
    del incomplete["trials"]
    with pytest.raises(ValueError, match="trials"):
        Table([incomplete])


rates = st.sampled_from([1e-1, 1e-2, 1e-3, 1e-4, 1e-5])


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Tables as they are measured: some sets, some counts, and a smaller rate never has a lower threshold."""
    rows = []
    for data in draw(st.sets(st.sampled_from(["lfw", "nuaa", "door"]), min_size=1)):
        counts = draw(st.sets(st.tuples(st.sampled_from([1, 3, 5]), st.sampled_from([1, 3, 5])), min_size=1))
        for photos, frames in counts:
            measured = sorted(draw(st.sets(rates, min_size=1)), reverse=True)
            values = sorted(draw(st.floats(0.8, 1.0)) for _ in measured)
            rows += [row(r, v, photos=photos, frames=frames, data=data) for r, v in zip(measured, values, strict=True)]
    return Table(rows)


counts = st.integers(1, 7)


@given(tables(), counts, counts, st.floats(1e-6, 0.1), st.floats(0, 1))
def test_a_stricter_promise_never_lowers_the_threshold(
    table: Table, photos: int, frames: int, rate: float, part: float
) -> None:
    loose, strict = table.threshold(photos, frames, rate), table.threshold(photos, frames, rate * part)
    assert strict.value >= loose.value
    assert strict.measured_rate <= loose.measured_rate or not strict.carried
    assert loose.carried or not strict.carried


@given(tables(), counts, counts, st.floats(1e-6, 0.1), st.integers(1, 10_000), st.integers(0, 10_000))
def test_more_people_never_lower_the_threshold(
    table: Table, photos: int, frames: int, rate: float, people: int, more: int
) -> None:
    few = table.threshold(photos, frames, per_person(rate, people))
    many = table.threshold(photos, frames, per_person(rate, people + more))
    assert many.value >= few.value


@given(tables(), counts, counts, rates)
def test_a_threshold_was_measured_and_says_truly_whether_it_carries(
    table: Table, photos: int, frames: int, rate: float
) -> None:
    found = table.threshold(photos, frames, rate)
    measured = {r.threshold for r in table.rows}
    assert found.value in measured or (not found.carried and found.value > min(measured))
    assert found.carried == (found.measured_rate <= rate)


def test_the_promise_for_the_door_is_shared_among_the_people() -> None:
    assert [per_person(1e-3, people) for people in (0, 1, 10)] == [1e-3, 1e-3, 1e-4]


def test_no_error_in_n_trials_bounds_the_rate_by_three_over_n() -> None:
    assert rate_bound(0, 1000) == pytest.approx(3 / 1000, rel=5e-3)
    assert rate_bound(0, 1) == pytest.approx(0.95)


@pytest.mark.parametrize(("errors", "trials"), [(0, 0), (0, -1), (5, 5), (9, 5)])
def test_without_trials_or_with_nothing_but_errors_any_rate_is_possible(errors: int, trials: int) -> None:
    assert rate_bound(errors, trials) == 1.0


@given(st.data(), st.integers(1, 300))
def test_at_its_bound_a_rate_would_show_so_few_errors_one_time_in_twenty(data: st.DataObject, trials: int) -> None:
    errors = data.draw(st.integers(0, trials - 1))
    rate = rate_bound(errors, trials)
    chance = sum(math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(errors + 1))
    assert chance == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize(
    ("errors", "trials", "bound"),
    [
        (1, 100, 0.046559811),
        (12, 12_645, 0.0015371172),
        (1_264, 1_264_500, 0.0010470809),
        (632_250, 1_264_500, 0.50073177),
    ],
)
def test_bounds_of_many_trials_are_those_of_the_beta_distribution(errors: int, trials: int, bound: float) -> None:
    """`bound` is the 0.95 quantile of Beta(errors + 1, trials - errors), as statistics packages give it."""
    assert rate_bound(errors, trials) == pytest.approx(bound, rel=1e-6)


def test_the_scale_of_a_network_is_that_of_its_largest_set() -> None:
    large = [{**row(rate, score), "trials": 10**6} for rate, score in ((1e-2, 0.2), (1e-4, 0.5), (1e-5, 0.6))]
    table = Table([*large, row(1e-2, 0.9, data="small")])
    assert table.one_to_one(1e-2) == 0.2
    assert table.one_to_one(1e-4) == 0.5
    assert table.one_to_one(1e-6) > 0.6
    assert table.decade() == pytest.approx(0.15)
