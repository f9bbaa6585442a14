"""`[door]` of the configuration: what hangs on which pin, and how long things take. Standard library only.

The daemon checks these keys with the rest of its configuration, the lock keeper checks them alone: this table is where
both have names, defaults, ranges and meanings from.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgegate.door import Times
from edgegate.door.pulse import MAX_PULSE_SECONDS
from edgegate.errors import ConfigError, UsageError

LAST_PIN = 27


def _key(default: Any, words: str, low: float | None = None, high: float | None = None, *choices: str) -> Any:
    return field(default=default, metadata={"description": words, "low": low, "high": high, "choices": choices})


def _input(words: str) -> Any:
    return _key(0, f"BCM number of {words}; 0: none", 0, LAST_PIN)


@dataclass(frozen=True)
class Wiring:
    """The lock and its wiring."""

    pins: str = _key("gpio", "`gpio`, or `mock`: nothing is wired, nothing opens", None, None, "gpio", "mock")
    keeper: str = _key(
        "", "socket of the lock keeper (`edgegate-lock`) that owns the pins; empty: the daemon drives them itself"
    )
    lock_pin: int = _key(17, "BCM number; 9 and above are pulled down at power-on", 2, LAST_PIN)
    active_high: bool = _key(True, "true: a high level unlocks; false: for relay boards that switch on low")
    unlock_seconds: float = _key(3.0, "seconds the lock stays open for one entry", 0.1, MAX_PULSE_SECONDS)
    exit_seconds: float = _key(5.0, "seconds the lock stays open for one exit", 0.1, MAX_PULSE_SECONDS)
    exit_pin: int = _input("the exit button, which connects the pin to ground")
    handle_pin: int = _input("the contact of a handle or bar that opens the door mechanically, to ground")
    contact_pin: int = _input("the door contact, to ground; it relocks on closing and tells a forced or held-open door")
    contact_closed: bool = _key(
        True, "true: its circuit is closed while the door is (the usual magnetic contact); false: while it is open"
    )
    tamper_pin: int = _input("the tamper loop, closed to ground while nobody meddles with the wiring")
    fire_pin: int = _input("the fire alarm's contact, to ground; fire unlocks, beside what the alarm cuts off itself")
    fire_opens: bool = _key(
        True, "true: its circuit opens in a fire, so that a broken wire counts as fire; false: it closes"
    )
    buzzer_pin: int = _input("a buzzer: it beeps when the door is open for too long, then sounds")
    green_led_pin: int = _input("a lamp that is lit while unlocked")
    red_led_pin: int = _input("a lamp that is lit in lockdown and blinks in an alarm")
    open_seconds: float = _key(20.0, "seconds the door may stand open until the buzzer warns", 1, 3600)
    warning_seconds: float = _key(10.0, "seconds of warning until the alarm", 1, 3600)
    stuck_seconds: float = _key(
        30.0, "seconds pressed after which the exit button or the handle counts as stuck", 5, 3600
    )
    shunt_seconds: float = _key(
        5.0, "seconds after the handle was let go in which an opening door is not forced", 1, 60
    )

    @property
    def times(self) -> Times:
        return Times(self.exit_seconds, self.open_seconds, self.warning_seconds, self.stuck_seconds, self.shunt_seconds)

    @property
    def lock_alone(self) -> Wiring:
        """The same with nothing but the lock: mock inputs would read as a fire and an open door."""
        none: dict[str, Any] = dict.fromkeys((pin for pin in PINS if pin != "lock_pin"), 0)
        return dataclasses.replace(self, **none)

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that say whether two programs go by the same `[door]`.

        Keys that a running lock does not go by do not count. Numbers count by their value: TOML may say 20 for 20.0.
        """
        driven = self.lock_alone if self.pins == "mock" else self
        values = {name: getattr(driven, name) for name in KEYS if name not in _NOT_DRIVEN}
        same = {name: float(value) if isinstance(value, int) else value for name, value in values.items()}
        return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:8]


_NOT_DRIVEN = {"keeper", "unlock_seconds"}
"""The keeper's own call may say where it listens, and each pulse says how long it lasts."""

KEYS = {key.name: key for key in dataclasses.fields(Wiring)}
PINS = tuple(name for name in KEYS if name.endswith("_pin"))


def pin_problem(values: Mapping[str, Any], name: str) -> str | None:
    """Returns what is wrong with pin `name`, given those before it: GPIO 1, or a pin that is something else already."""
    value = values.get(name)
    if not value:
        return None
    if value == 1:
        return "must be 0, or from 2: GPIO 0 and 1 identify extension boards"
    before = PINS[: PINS.index(name)]
    taken = next((other for other in before if values.get(other) == value), None)
    return f"is {taken} already" if taken else None


def read(path: Path | None) -> Wiring:
    """`[door]` of the config file (None: the defaults); raises ConfigError with every mistake, or UsageError."""
    table = _table(path) if path else {}
    problems = [
        f"{path}: door.{name}{mistake}"
        for name, value in table.items()
        if (mistake := _mistake(table, name, value)) is not None
    ]
    if problems:
        raise ConfigError(problems)
    return Wiring(**table)


def _table(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            table = tomllib.load(file).get("door", {})
    except FileNotFoundError:
        raise UsageError(f"{path}: no such config file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: not valid TOML: {error}"]) from None
    if not isinstance(table, dict):
        raise ConfigError([f"{path}: door = {table!r}: must be a table: [door], and its keys below"])
    return table


def _mistake(table: Mapping[str, Any], name: str, value: Any) -> str | None:
    if name not in KEYS:
        close = difflib.get_close_matches(name, list(KEYS), n=1, cutoff=0.6)
        return ": unknown key" + (f"; did you mean {close[0]}?" if close else "")
    reason = _type_problem(name, value) or (pin_problem(_with_defaults(table), name) if name in PINS else None)
    return None if reason is None else f" = {value!r}: {reason}"


def _type_problem(name: str, value: Any) -> str | None:
    default, limits = KEYS[name].default, KEYS[name].metadata
    wanted = (int, float) if isinstance(default, float) else type(default)
    if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(default, bool):
        return f"must be {_WORDS[type(default)]}"
    if limits["choices"] and value not in limits["choices"]:
        return f"must be {' or '.join(map(repr, limits['choices']))}"
    low, high = limits["low"], limits["high"]
    # Not `value < low or value > high`, which a NaN passes.
    return None if low is None or low <= value <= high else f"must be from {low:g} to {high:g}"


_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def _with_defaults(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: table.get(name, key.default) for name, key in KEYS.items()}
