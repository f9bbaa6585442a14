"""The door's other wires: button, contacts and alarms that are read, buzzer and lamps that are driven.

Inputs are switches to ground with the Pi's own pull-up, read at their edges; `levels` reads them again, so that a
missed edge is made up for. Where a machine is short of everything that edge may only have been late: the kernel notes
when it was, and `was_made_up` knows it again. A lamp or buzzer that fails costs nobody the door.
"""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from gpiozero import LED, DigitalInputDevice

from edgegate.door import Input, State
from edgegate.errors import LockError
from edgegate.lock.wiring import Wiring

log = logging.getLogger(__name__)

BOUNCE_SECONDS = 0.02
"""Shorter contacts are the switch's own bouncing."""

MISSED_SECONDS = 0.1
"""An input that says something new for so long and was no edge by then was missed: five times what debouncing takes.
Looks may follow each other by a millisecond, and an edge made up for too soon is told twice."""

Happen = Callable[[Input, float], None]
"""An input, and its time in seconds of the pin driver's clock."""


@dataclass
class _Switch:
    device: DigitalInputDevice
    closed: Input
    opened: Input
    """The inputs that it means when its circuit is closed, and when it is open."""


class Panel:
    """Claims the wired pins, and calls `happen` at every edge, on the pin driver's thread. Raises LockError."""

    def __init__(self, wiring: Wiring, pin_factory: Any, happen: Happen) -> None:
        self._ticks, self._happen = pin_factory.ticks, happen
        self._switches: list[_Switch] = []
        self._made_up: defaultdict[Input, deque[float]] = defaultdict(deque)
        """The times at which levels were taken for edges that have not come yet, on the pin driver's clock."""
        self._news: dict[Input, float] = {}
        """The levels that no edge has brought, and since when."""
        self._shown: State | None = None
        for name, closed, opened in _switches(wiring):
            pin = getattr(wiring, name)
            if pin:
                device = _prediction(
                    name, pin, DigitalInputDevice, pin_factory, pull_up=True, bounce_time=BOUNCE_SECONDS
                )
                self._switches.append(_Switch(device, closed, opened))
        self._green, self._red, self._buzzer = (
            _prediction(name, pin, LED, pin_factory) if (pin := getattr(wiring, name)) else None
            for name in ("green_led_pin", "red_led_pin", "buzzer_pin")
        )
        for switch in self._switches:
            switch.device.when_activated = partial(self._edge, switch, switch.closed)
            switch.device.when_deactivated = partial(self._edge, switch, switch.opened)

    def levels(self) -> Iterator[Input]:
        """Yields what each switch says now."""
        for switch in self._switches:
            yield switch.closed if switch.device.is_active else switch.opened

    def missed(self, now: float, is_news: Callable[[Input], bool]) -> list[Input]:
        """Returns what switches have said for so long, although it `is_news`, that their edges are made up for now."""
        self._news = {what: self._news.get(what, now) for what in self.levels() if is_news(what)}
        missed = [what for what, since in self._news.items() if now - since >= MISSED_SECONDS]
        for what in missed:
            self._made_up[what].append(self._ticks() + BOUNCE_SECONDS)  # an edge's time is that of its bouncing's end
        return missed

    def was_made_up(self, what: Input, at: float) -> bool:
        """True if an edge at `at` is one that was made up for; each is at most once."""
        times = self._made_up[what]
        while times and times[0] < at:
            times.popleft()  # that edge never came
        return bool(times and times.popleft())

    def _edge(self, switch: _Switch, what: Input) -> None:
        age = switch.device.active_time if what is switch.closed else switch.device.inactive_time
        self._happen(what, self._ticks() - max(age or 0.0, 0.0))  # a driver with another clock makes it negative

    def show(self, state: State) -> None:
        """Lamps and buzzer as the state asks for."""
        before, self._shown = self._shown, state
        try:
            if before is None or before.unlocked != state.unlocked:
                _switch(self._green, on=state.unlocked)
            if before is None or (before.warning, before.alarm) != (state.warning, state.alarm):
                _switch(self._buzzer, on=state.alarm, blinking=state.warning)
            if before is None or (before.lockdown, before.alarm) != (state.lockdown, state.alarm):
                _switch(self._red, on=state.lockdown, blinking=state.alarm)
        except Exception as error:  # noqa: BLE001  pin drivers raise what they like, and the lock comes first
            log.error("a lamp or the buzzer cannot be driven: %s", error)  # noqa: TRY400  one line

    def close(self) -> None:
        for device in (*(switch.device for switch in self._switches), self._green, self._red, self._buzzer):
            with suppress(Exception):  # the lock's own pin comes after these
                if device is not None:
                    device.close()


def _switches(wiring: Wiring) -> Iterator[tuple[str, Input, Input]]:
    """Each switch, and what it says when its circuit is closed and when it is open."""
    yield "fire_pin", *_either(Input.FIRE_OVER, Input.FIRE, first=wiring.fire_opens)
    yield "exit_pin", Input.EXIT_PRESSED, Input.EXIT_RELEASED
    yield "handle_pin", Input.HANDLE, Input.HANDLE_RELEASED
    yield "contact_pin", *_either(Input.DOOR_CLOSED, Input.DOOR_OPENED, first=wiring.contact_closed)
    yield "tamper_pin", Input.TAMPER_OVER, Input.TAMPER


def _either(one: Input, other: Input, *, first: bool) -> tuple[Input, Input]:
    return (one, other) if first else (other, one)


def _prediction(name: str, pin: int, kind: Any, pin_factory: Any, **options: Any) -> Any:
    try:
        return kind(pin, pin_factory=pin_factory, **options)
    except Exception as error:  # noqa: BLE001  pin drivers raise what they like, down to plain Exception
        raise LockError(f"door.{name} = {pin}: the pin cannot be claimed: {error}") from None


def _switch(lamp: Any, *, on: bool, blinking: bool = False) -> None:
    if lamp is None:
        return
    if blinking:
        lamp.blink(0.2, 0.8)
    elif on:
        lamp.on()
    else:
        lamp.off()
