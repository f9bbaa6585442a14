"""Parts that the commands share when they run: configuration, times, and messages."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from edgegate import config
from edgegate.clock import Clock
from edgegate.errors import UsageError
from edgegate.system import moments

State: TypeAlias = Literal["ok", "warning", "failed"]
"""The state of a part, in `check`."""


def load_config(args: argparse.Namespace) -> config.Config:
    """Returns the configuration this call runs with; raises ConfigError with every mistake."""
    overrides = list(args.set)
    if args.data is not None:
        overrides.append(f"service.data_dir={json.dumps(str(args.data))}")
    return config.load(args.config, overrides)


class TimeReader:
    """Reads the times in a call, in the door's time zone unless they name another."""

    def __init__(self, config: config.Config, clock: Clock) -> None:
        self.zone = config.access.calendar.zone
        self.asked_the_clock = False
        """True once a time depended on now, as `-2h` does."""
        self._clock = clock

    def read(self, text: str, option: str, *, end: bool = False) -> datetime:
        """Returns the moment that an option's value names; an `end` that is a day is counted in. Raises UsageError."""
        try:
            return moments.read(text, self.zone, self._now, end=end)
        except UsageError as error:
            raise UsageError(f"{option} {error}") from None

    def _now(self) -> float:
        self.asked_the_clock = True
        return self._clock.wall()


def understood(what: str, moment: datetime) -> None:
    """Prints how a time was understood, on standard error: standard output may be data."""
    print(f"{what} {moments.written(moment)}", file=sys.stderr)


def existing(path: Path, what: str) -> Path:
    """Returns `path`; raises UsageError if there is no such `what`."""
    if not path.exists():
        raise UsageError(f"{path}: no such {what}")
    return path
