"""An output on a mock pin that goes wrong: in being written, in being read back, or both."""

from __future__ import annotations

from collections import deque
from typing import Any

from gpiozero import GPIOZeroError
from gpiozero.pins.mock import MockPin

WORKS, RAISES, LATE, IGNORES, LIES = "works", "raises", "raises late", "ignores", "lies"
FAULTS = [
    *((writing, reading) for writing in (WORKS, RAISES, LATE) for reading in (WORKS, RAISES, LIES)),
    (IGNORES, WORKS),
]
"""Ways in which writing and reading go wrong. A driver that ignores a level is honest when it is read next: one that
is not deceives any program.
"""
Fault = tuple[str, str]


class Faulty(MockPin):
    """An output whose next writes and reads go wrong as `script` says, and those after it as `always` says."""

    def __init__(self, *args: Any) -> None:
        self.script: deque[Fault] = deque()
        self.always: Fault = (WORKS, WORKS)
        self.wrong: list[str] = []
        """The calls that did go wrong."""
        self.last_writing = self.last_reading = WORKS
        self._read_since = True
        super().__init__(*args)

    @property
    def level(self) -> bool:
        """The level that it truly has."""
        return bool(self._state)

    def mend(self) -> None:
        self.script.clear()
        self.always = (WORKS, WORKS)

    def _set_state(self, value: bool) -> None:
        how = self.last_writing = self._next(0)
        self._read_since = False
        if how in {WORKS, LATE}:
            super()._set_state(value)
        if how in {RAISES, LATE}:
            raise GPIOZeroError("bus error")

    def _get_state(self) -> bool:
        honest = self.last_writing == IGNORES and not self._read_since
        how = self.last_reading = WORKS if honest else self._next(1)
        self._read_since = True
        if how == RAISES:
            raise GPIOZeroError("no answer")
        return self.level != (how == LIES)

    def _next(self, which: int) -> str:
        how = (self.script.popleft() if self.script else self.always)[which]
        if how != WORKS:
            self.wrong.append(f"{'reading' if which else 'writing'} {how}")
        return how
