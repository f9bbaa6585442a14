"""`[door]`, as the daemon and the lock keeper read it: the same file means the same to both."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate import config
from edgegate.errors import ConfigError
from edgegate.lock import wiring
from edgegate.lock.strike import outputs_stay
from edgegate.lock.wiring import KEYS, Wiring
from tests.support.paths import ROOT


def test_both_have_the_same_keys_and_defaults() -> None:
    assert list(config.DoorSettings.model_fields) == list(KEYS)
    assert config.DoorSettings().wiring == Wiring() == wiring.read(ROOT / "config.toml")


values = st.one_of(
    st.booleans(), st.integers(-2, 40), st.floats(-1, 5000), st.sampled_from(["gpio", "mock", "", "x"]), st.just([1])
)


@given(st.dictionaries(st.sampled_from([*KEYS, "lock_pn"]), values, max_size=3))
def test_both_accept_and_refuse_the_same(table: dict[str, Any]) -> None:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"edgegate-wiring-{os.getpid()}.toml"  # noqa: S108  a name of its own
    path.write_text("[door]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items()))
    try:
        daemons, keepers = _outcome(lambda: config.load(path).door.wiring), _outcome(lambda: wiring.read(path))
    finally:
        path.unlink()
    assert daemons == keepers


def _outcome(read: Any) -> Any:
    """The wiring that was read, or the keys that are wrong."""
    try:
        return read()
    except ConfigError as error:
        return sorted(line.split(": ")[1].split(" = ")[0] for line in error.problems)


def test_the_digest_tells_what_a_lock_goes_by_from_what_it_does_not() -> None:
    before = Wiring().digest
    defaults: dict[str, Any] = {name: key.default for name, key in KEYS.items() if name not in {"pins", "keeper"}}
    changed: dict[str, Any] = {
        name: not value if isinstance(value, bool) else value + 1 for name, value in defaults.items()
    }
    changed["pins"] = "mock"
    same = {name for name, value in changed.items() if Wiring(**{name: value}).digest == before}
    assert same == {"unlock_seconds"}
    assert Wiring(keeper="/run/keeper.sock").digest == before
    assert len(before) == 8


def test_the_digest_is_the_same_for_daemon_and_keeper_however_a_number_is_written(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[door]\nopen_seconds = 20\nexit_pin = 5\n")
    assert wiring.read(path).digest == config.load(path).door.wiring.digest == Wiring(exit_pin=5).digest


def test_on_mock_pins_the_lock_alone_is_driven_and_counts() -> None:
    mock = Wiring(pins="mock", exit_pin=5)
    assert mock.digest == mock.lock_alone.digest == Wiring(pins="mock").digest


def test_a_pin_is_one_thing(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[door]\nexit_pin = 5\ncontact_pin = 5\nfire_pin = 1\n")
    with pytest.raises(ConfigError) as caught:
        wiring.read(path)
    assert [line.removeprefix(f"{path}: ") for line in caught.value.problems] == [
        "door.contact_pin = 5: is exit_pin already",
        "door.fire_pin = 1: must be 0, or from 2: GPIO 0 and 1 identify extension boards",
    ]


# Locking the door of a dead keeper.

SECURE = ROOT / "systemd" / "edgegate-lock-secure"
GPIOSET = """#!/bin/sh
case "$1 {version}" in gpiochip*v2*) echo "invalid line value" >&2; exit 1 ;; --chip*v1*) exit 1 ;; esac
echo gpioset "$@" >> "{log}"
exit {status}
"""
PINCTRL = '#!/bin/sh\necho pinctrl "$@" >> "{log}"\n'


def secure(folder: Path, content: str | None, tools: dict[str, str]) -> tuple[int, str]:
    """The script's exit status, and what it called."""
    log = folder / "log"
    for name, text in tools.items():
        tool = folder / name
        tool.write_text(text.replace("{log}", str(log)))
        tool.chmod(0o755)
    if content is not None:
        (folder / "locked-level").write_text(content)
    done = subprocess.run(
        ["/bin/sh", SECURE],
        env={"PATH": str(folder), "RUNTIME_DIRECTORY": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, log.read_text() if log.exists() else done.stderr


def gpioset(version: str, status: int = 0) -> dict[str, str]:
    return {"gpioset": GPIOSET.replace("{version}", version).replace("{status}", str(status))}


@pytest.mark.parametrize(
    ("version", "called"),
    [
        ("gpioset (libgpiod) v1.6.3", "gpioset gpiochip0 17=1\n"),
        ("gpioset (libgpiod) v2.2.1", "gpioset --chip gpiochip0 --toggle 0 17=1\n"),
    ],
)
def test_both_generations_of_gpioset_are_asked_in_their_own_words(version: str, called: str, tmp_path: Path) -> None:
    assert secure(tmp_path, "gpiochip0 17 1\n", gpioset(version)) == (0, called)


@pytest.mark.parametrize(("level", "drive"), [(0, "dl"), (1, "dh")])
def test_where_gpioset_fails_or_is_missing_the_pis_own_tool_is_used(level: int, drive: str, tmp_path: Path) -> None:
    status, called = secure(tmp_path, f"gpiochip0 17 {level}\n", {"pinctrl": PINCTRL})
    assert (status, called) == (0, f"pinctrl set 17 op {drive}\n")
    status, called = secure(tmp_path, f"gpiochip0 17 {level}\n", gpioset("gpioset (libgpiod) v1.6", 1))
    assert (status, called.splitlines()[-1]) == (0, f"pinctrl set 17 op {drive}")


def test_it_says_when_it_cannot_and_does_nothing_where_no_keeper_was(tmp_path: Path) -> None:
    assert secure(tmp_path, None, {}) == (0, "")
    assert secure(tmp_path, "gpiochip0 17 $(reboot)\n", {})[0] == 1
    status, told = secure(tmp_path, "gpiochip0 17 0\n", {})
    assert status == 1
    assert "GPIO 17 could not be driven to 0: apt install gpiod" in told


# What `check` says of the kernel.


@pytest.mark.parametrize(("value", "stay"), [("Y\n", True), ("N\n", False), (None, False)])
def test_a_kernel_that_keeps_outputs_is_noticed(value: str | None, stay: bool, tmp_path: Path) -> None:
    if value is not None:
        parameters = tmp_path / "pinctrl_rp1" / "parameters"
        parameters.mkdir(parents=True)
        (parameters / "persist_gpio_outputs").write_text(value)
    assert outputs_stay(tmp_path) is stay
