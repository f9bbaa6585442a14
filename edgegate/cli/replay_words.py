"""The summary that `replay` prints on a terminal after its events."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tqdm import tqdm

from edgegate.events.cloudevents import TYPE_PREFIX
from edgegate.events.vocabulary import EventType
from edgegate.loop.turn import Turn
from edgegate.report import words

_UNDECIDED = "too brief, too unclear, or behind somebody nearer"


def say(line: str) -> None:
    """Prints a line above the progress bar."""
    tqdm.write(line, file=sys.stdout)


class Summary:
    """Counts what a recording shows. Feed it every turn in order of time."""

    def __init__(self) -> None:
        self._frames = 0
        self._seconds = 0.0
        self._visits: dict[int, int] = {}
        """The visit of each track: tracking may learn only later that a visitor was here before."""
        self._granted: dict[int, bool] = {}
        """The last decision for each track."""

    def add(self, turn: Turn) -> None:
        self._frames += 1
        self._seconds = turn.frame.at
        self._visits |= {sighting.track: sighting.visit for sighting in turn.sightings}
        for event in turn.events:
            kind = event["type"].removeprefix(TYPE_PREFIX)
            if kind in {EventType.GRANTED, EventType.DENIED}:
                track = event["data"]["track"]
                self._granted.pop(track, None)  # so that the last decision stands last
                self._granted[track] = kind == EventType.GRANTED

    def in_words(self) -> str:
        """Returns one line: “48 s, 2 visits, 1 granted, 1 refused”."""
        length = "one picture" if self._frames == 1 else _length(self._seconds)
        visits = set(self._visits.values())
        if not visits:
            return f"{length}: nobody was seen"
        return ", ".join([length, _visits(len(visits)), *self._outcomes(visits)])

    def _outcomes(self, visits: set[int]) -> Iterator[str]:
        verdicts = {self._visits[track]: granted for track, granted in self._granted.items() if track in self._visits}
        granted = sum(verdicts.values())
        if granted:
            yield f"{granted} granted"
        if refused := len(verdicts) - granted:
            yield f"{refused} refused"
        if undecided := len(visits) - len(verdicts):
            yield f"{undecided} not decided ({_UNDECIDED})"


def _length(seconds: float) -> str:
    return words.length(seconds) if seconds >= 9.95 else f"{seconds:.1f} s"


def _visits(count: int) -> str:
    return "1 visit" if count == 1 else f"{count} visits"
