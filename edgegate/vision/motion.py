"""Tells an empty scene from one worth looking at, far more cheaply than a detector can."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from edgegate.types import Frame, Image

THUMBNAIL = (80, 60)


class MotionGate:
    """Compares a small grey thumbnail with a background that follows it slowly.

    A cell differs when it is more than `min_change` grey levels off; `min_cells` of the 4800 make motion: a face
    of 30 pixels at 640x480 fills 14. Somebody who stands still melts into the background within a few times
    `adapt_seconds`, so a caller that has seen a face keeps looking.
    """

    def __init__(
        self,
        *,
        min_change: float = 8.0,
        min_cells: int = 10,
        adapt_seconds: float = 4.0,
    ) -> None:
        self._min_change = min_change
        self._min_cells = min_cells
        self._adapt_seconds = adapt_seconds
        self._background: npt.NDArray[np.float32] | None = None
        self._seen_at = -math.inf

    def moved(self, frame: Frame) -> bool:
        """True if the frame differs from the background. True for the first frame, and after a gap."""
        current = thumbnail(frame.image if frame.preview is None else frame.preview)
        elapsed, self._seen_at = frame.at - self._seen_at, frame.at
        background = self._background
        if background is None or not 0 <= elapsed <= 4 * self._adapt_seconds:
            self._background = current
            return True
        changed = int(np.count_nonzero(cv2.absdiff(current, background) > self._min_change))
        cv2.accumulateWeighted(current, background, 1 - math.exp(-elapsed / self._adapt_seconds))
        return changed >= self._min_cells


def thumbnail(image: Image) -> npt.NDArray[np.float32]:
    """(60, 80) grey levels, smoothed until a sensor's noise is well under one level of what matters."""
    small = cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_LINEAR)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    return cv2.blur(grey, (3, 3)).astype(np.float32)
