"""The record of a meter on the door's lines: every change of level, and how closely the lines were watched."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

SAME_SECONDS = 0.02
"""Lines are read one after the other: by how much the order of two changes may be wrong."""

ANSWER_SECONDS = 0.5
"""Seconds after its end in which a press may be answered, on a busy machine."""


@dataclass(frozen=True)
class Span:
    """A line was at one level from `start` to `end`, seconds of the guest's monotonic clock; None: it still is."""

    start: float
    end: float | None

    @property
    def seconds(self) -> float:
        assert self.end is not None, "it is not over"
        return self.end - self.start


@dataclass
class Trace:
    """Filled while the guest runs; wait for what must come with `wait_for_level` and `wait_until`."""

    changes: list[tuple[float, int, int]] = field(default_factory=list)
    """(seconds, line, level)."""
    looks: list[tuple[float, int, float]] = field(default_factory=list)
    """(seconds, samples of the lock's line, longest time without one), since the entry before."""

    def __post_init__(self) -> None:
        self._news = threading.Condition()

    def take(self, line: str) -> None:
        """A line of the sampler's output."""
        at, what, *rest = line.split()
        with self._news:
            if what == "#":
                self.looks.append((float(at), int(rest[0]), float(rest[1])))
            else:
                self.changes.append((float(at), int(what), int(rest[0])))
            self._news.notify_all()

    @property
    def now(self) -> float:
        """The time up to which the lines were sampled, to a tenth of a second."""
        return max((at for at, *_ in (*self.changes[-1:], *self.looks[-1:])), default=0.0)

    def level(self, line: int) -> int | None:
        return next((level for _, number, level in reversed(self.changes) if number == line), None)

    def spans(self, line: int, level: int, after: float = 0.0) -> list[Span]:
        """Every time the line was at `level`, of those that were not over by `after`."""
        spans: list[Span] = []
        for at, number, now in list(self.changes):
            if number == line and now == level:
                spans.append(Span(at, None))
            elif number == line and spans and spans[-1].end is None:
                spans[-1] = Span(spans[-1].start, at)
        return [span for span in spans if span.end is None or span.end > after]

    def wait_for_level(self, line: int, level: int, after: float, timeout: float = 30.0) -> float:
        """Returns the time when the line first was at `level`, not before `after`: it may be there already."""
        at: float | None = None

        def there() -> bool:
            nonlocal at
            span = next(iter(self.spans(line, level, after)), None)
            at = None if span is None else max(span.start, after)
            return at is not None

        self._wait(there, timeout, f"line {line} never went to {level}")
        assert at is not None
        return at

    def wait_until(self, moment: float, timeout: float = 60.0) -> None:
        """Waits until the guest's clock is past `moment` and everything up to there has been sampled."""
        self._wait(lambda: bool(self.looks) and self.looks[-1][0] >= moment, timeout, f"no samples up to {moment:g}")

    def presses(self, line: int) -> list[Span]:
        """Every time a button grounded this line, which is low as well until a program claims it with its pull-up."""
        claimed = min((span.start for span in self.spans(line, 1)), default=float("inf"))
        return [span for span in self.spans(line, 0) if span.start > claimed]

    def pressed(self, line: int, moment: float) -> bool:
        """True if a button on this line was pressed at that moment or a little before."""
        return any(
            press.start - SAME_SECONDS <= moment <= (press.end or moment) + ANSWER_SECONDS
            for press in self.presses(line)
        )

    def longest_gap(self, start: float, end: float) -> float:
        """The longest time without a sample of the lock's line in any report that touches [start, end]."""
        return max((gap for _, _, gap in self._looks(start, end)), default=float("inf"))

    def samples_per_second(self, start: float, end: float) -> float:
        """The samples of the lock's line, on average over the reports that touch [start, end]."""
        looks = self._looks(start, end)
        return sum(samples for _, samples, _ in looks[1:]) / (looks[-1][0] - looks[0][0]) if len(looks) > 1 else 0.0

    def _looks(self, start: float, end: float) -> list[tuple[float, int, float]]:
        return [look for look in list(self.looks) if look[0] >= start and look[0] - 0.2 <= end]

    def _wait(self, done: object, timeout: float, otherwise: str) -> None:
        assert callable(done)
        with self._news:
            if not self._news.wait_for(done, timeout):
                raise AssertionError(f"{otherwise} within {timeout:g} s; the last changes: {self.changes[-10:]}")
