"""The time at which a frame that came over a network was taken: pure rules, fed with times.

A stream's frames carry presentation times on a clock of the camera's own. The difference between a frame's arrival
and its presentation time is the smaller the less the frame was held up, so that the smallest one seen stands for
"not held up", and every other frame is older by as much as it came later than that. What all frames have in common
(exposure, encoding, the shortest way through the network) cannot be seen and is not in the age.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise

_DRIFT = 500e-6
"""Seconds a second by which the base may rise: five times what crystals are apart, so that a slower clock of the
camera does not make its frames older and older."""
_FRAMES_TO_SETTLE = 4
_PATIENCE_SECONDS = 3.0


class Arrivals:
    """Stamps the frames of one connection; a new connection needs a new one.

    A connection starts with what was buffered while it was made. Such frames come faster than they were taken,
    and nothing tells yet how old they are: no time is given until four frames came at the pace of their
    presentation times (within half of it). Where those times do not even increase for three seconds there are
    none: `dated` becomes false, and frames count from their arrival.
    """

    def __init__(self) -> None:
        self.dated = True
        self._began: float | None = None
        self._first: deque[tuple[float, float]] = deque(maxlen=_FRAMES_TO_SETTLE)
        self._base: float | None = None
        self._last = 0.0

    def stamp(self, arrived: float, presented: float) -> float | None:
        """Returns when a frame was taken, on the clock of `arrived` and never after it; None while that cannot be told.

        `presented` is in seconds from whatever beginning.
        """
        if not self.dated:
            return arrived
        if self._base is None:
            self._begin(arrived, presented)
        else:
            self._base = min(self._base + _DRIFT * (arrived - self._last), arrived - presented)
        self._last = arrived
        return None if self._base is None else presented + self._base

    def _begin(self, arrived: float, presented: float) -> None:
        self._began = arrived if self._began is None else self._began
        self._first.append((arrived, presented))
        times = list(self._first)
        if any(after[1] <= before[1] for before, after in pairwise(times)):
            self.dated = arrived - self._began < _PATIENCE_SECONDS
        elif len(times) == _FRAMES_TO_SETTLE and _at_its_pace(*times[0], *times[-1]):
            self._base = min(came - meant for came, meant in times)


def _at_its_pace(arrived: float, presented: float, last_arrived: float, last_presented: float) -> bool:
    return last_arrived - arrived >= (last_presented - presented) / 2
