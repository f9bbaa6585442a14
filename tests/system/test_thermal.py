"""Heat: a real file as the thermometer, and the rule by temperatures alone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.clock import VirtualClock
from edgegate.system.thermal import Cooling, Heat, HeatWatch, Thermometer


def limits(*celsius: float) -> list[float | None]:
    cooling = Cooling(frames_per_second=16)
    limits = []
    for degrees in celsius:
        cooling.feel(Heat(degrees))
        limits.append(cooling.limit)
    return limits


def test_fewer_frames_the_hotter_and_back_five_degrees_later() -> None:
    assert limits(50, 74.9, 75, 71, 70, 75) == [None, None, 8, 8, None, 8]
    assert limits(80, 76, 75, 71, 70) == [4, 4, 8, 8, None]


def test_at_least_what_can_follow_a_face() -> None:
    cooling = Cooling(frames_per_second=4)
    cooling.feel(Heat(90))
    assert cooling.limit == 2


@given(st.lists(st.floats(20, 100), max_size=50))
def test_never_at_full_rate_when_hot_nor_slow_when_cool(temperatures: list[float]) -> None:
    cooling = Cooling(16)
    for degrees in temperatures:
        cooling.feel(Heat(degrees))
        assert cooling.limit == 4 or degrees < 80
        assert cooling.limit is not None or degrees < 75
        assert cooling.limit is None or degrees > 70
        assert (cooling.fault is None) == (cooling.limit is None)


@pytest.mark.parametrize("rate", [15, 25, 30])
def test_frames_looked_at_are_evenly_spaced_and_as_many_as_allowed(rate: int) -> None:
    cooling = Cooling(frames_per_second=15)
    cooling.feel(Heat(76))
    seen = [index / rate for index in range(rate * 20) if cooling.allows(index / rate)]
    assert len(seen) / 20 == pytest.approx(7.5, rel=0.07)
    assert max(after - before for before, after in pairwise(seen)) <= 1 / 7.5 + 1 / rate + 1e-9


def test_a_cool_machine_looks_at_every_frame() -> None:
    cooling = Cooling(15)
    cooling.feel(Heat(60))
    assert all(cooling.allows(index / 100) for index in range(100))
    assert cooling.fault is None


def test_a_slowed_processor_and_a_weak_supply_are_faults() -> None:
    cooling = Cooling(16)
    cooling.feel(Heat(62, slowed=True))
    assert cooling.limit == 8
    assert cooling.fault == "too hot (62 °C): looking at 8 frames a second; give it air or a cooler"
    cooling.feel(Heat(50, under_voltage=True))
    assert cooling.limit is None
    assert "power supply is too weak" in (cooling.fault or "")


def test_the_thermometer_reads_what_the_kernel_writes(tmp_path: Path) -> None:
    zone, throttled = tmp_path / "temp", tmp_path / "get_throttled"
    thermometer = Thermometer(zone, throttled)
    assert thermometer.read() == Heat()
    zone.write_text("78123\n")
    throttled.write_text("50005\n")  # under-voltage and throttled, now and since the start
    assert thermometer.read() == Heat(78.123, slowed=True, under_voltage=True)
    throttled.write_text("50000\n")  # both only in the past
    assert thermometer.read() == Heat(78.123)
    zone.write_text("")
    assert thermometer.read() == Heat()


def test_the_temperature_is_looked_at_now_and_then(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    zone, clock = tmp_path / "temp", VirtualClock()
    watch = HeatWatch(16, clock, Thermometer(zone, tmp_path / "none"))
    for at, millidegrees, limit in ((0, 60_000, None), (4, 85_000, None), (5, 85_000, 4), (10, 60_000, None)):
        clock.advance(at)
        zone.write_text(str(millidegrees))
        watch.look()
        assert watch.cooling.limit == limit
    assert [record.message for record in caplog.records] == [
        "too hot (85 °C): looking at 4 frames a second; give it air or a cooler",
        "cool again: looking at every frame",
    ]
