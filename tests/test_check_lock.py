"""The lock's line in `check`: the real keeper's answers, over its socket."""

from __future__ import annotations

from pathlib import Path

import pytest
from gpiozero.pins.mock import MockPin

from edgegate import config
from edgegate.cli.check_lock import lock
from edgegate.config import Config
from tests.brokers import wait_until
from tests.test_keeper import Keeper


def of(keeper: Keeper, *overrides: str) -> Config:
    return config.load(None, [f"door.keeper={keeper.path}", *overrides])


class Stuck(MockPin):
    """A line that cannot be driven."""

    def _set_state(self, value: bool) -> None:
        raise OSError("the chip is gone")


@pytest.mark.parametrize("stay", [False, True])
def test_a_pin_that_cannot_be_driven_fails_whatever_the_kernel_does_with_pins(tmp_path: Path, *, stay: bool) -> None:
    with Keeper(tmp_path) as keeper:
        pin, working = keeper.pin(17), type(keeper.pin(17))
        pin.__class__ = Stuck
        assert not keeper.ask(keeper.pulse())["ok"]
        wait_until(lambda: keeper.lock.trouble is not None)
        state, found = lock(of(keeper), lambda: stay)
        pin.__class__ = working
    assert state == "failed"
    assert "the lock keeper says: GPIO 17 cannot be driven" in found
    assert ("strict_gpiod" in found) is stay


def test_a_kernel_that_leaves_pins_as_they_were_is_a_warning_where_pins_are_real(tmp_path: Path) -> None:
    with Keeper(tmp_path) as keeper:
        assert lock(of(keeper), lambda: False)[0] == "ok"
        assert lock(of(keeper), lambda: True)[0] == "warning"
        assert lock(of(keeper, "door.pins=mock"), lambda: True)[0] == "ok"
