"""The lock's line in `check`: the real keeper's answers, over its socket."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockPin

from edgegate import config
from edgegate.cli.check_lock import lock
from edgegate.config import Config
from edgegate.lock.interface import LockStatus, another_door
from edgegate.lock.wiring import KEYS, Wiring
from tests.support.brokers import wait_until
from tests.support.keeper_server import WIRING, Keeper

SAME = [f"door.{name}={getattr(WIRING, name)!r}" for name in KEYS if name not in {"pins", "keeper"}]


def of(keeper: Keeper, *overrides: str) -> Config:
    """The keeper's own `[door]`, as toml, but for what `overrides` say."""
    given = [setting.replace("True", "true").replace("False", "false") for setting in SAME]
    return config.load(None, [*given, "door.pins=mock", f"door.keeper={keeper.path}", *overrides])


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
        wait_until(lambda: keeper.lock.fault is not None)
        state, found = lock(of(keeper, "door.pins=gpio"), lambda: stay)
        pin.__class__ = working
    assert state == "failed"
    assert "the lock keeper says: GPIO 17 cannot be driven" in found
    assert ("strict_gpiod" in found) is stay


def test_a_kernel_that_leaves_pins_as_they_were_is_a_warning_where_pins_are_real(tmp_path: Path) -> None:
    with Keeper(tmp_path) as keeper:
        assert lock(of(keeper), lambda: True) == lock(of(keeper), lambda: False)
        assert lock(of(keeper), lambda: True)[0] == "ok"
        state, found = lock(of(keeper, "door.pins=gpio"), lambda: True)
    assert state == "warning"
    assert "strict_gpiod" in found


def test_a_keeper_that_was_not_restarted_after_door_changed_is_noticed(tmp_path: Path) -> None:
    with Keeper(tmp_path) as keeper:
        state, found = lock(of(keeper, "door.open_seconds=33"), lambda: False)
        assert lock(of(keeper, "door.unlock_seconds=9"), lambda: False)[0] == "ok"
    assert state == "warning"
    assert found.endswith("the lock keeper runs on another [door]: systemctl restart edgegate-lock")


def test_a_lockdown_and_a_fire_are_warnings_with_what_they_do(tmp_path: Path) -> None:
    with Keeper(tmp_path) as keeper:
        keeper.lock.lockdown()
        state, found = lock(of(keeper), lambda: False)
        assert state == "warning"
        assert found.endswith("; nobody is let in: `edgegate access resume` ends the lockdown")
        keeper.lock.resume()
        assert lock(of(keeper), lambda: False)[0] == "ok"
        keeper.pin(22).drive_low()
        state, found = lock(of(keeper), lambda: False)
    assert state == "warning"
    assert found.endswith("; the fire input keeps it unlocked")


def test_a_keeper_of_an_earlier_version_does_not_say_what_it_runs_on() -> None:
    earlier = LockStatus(locked=True, door="closed", mode="normal")
    assert another_door(earlier, Wiring()) is None
    assert another_door(replace(earlier, wiring=Wiring(exit_pin=5).digest), Wiring()) is not None
