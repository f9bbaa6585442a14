"""The words that pass between the rooms: frozen values, valid if they exist. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # the lock keeper speaks these words too, and must not load NumPy
    import numpy as np
    import numpy.typing as npt

Image: TypeAlias = "npt.NDArray[np.uint8]"
"""Pixels, uint8, (height, width, 3) in BGR order unless a docstring says otherwise."""

Points: TypeAlias = "npt.NDArray[np.float32]"
"""Points in pixels, float32, (n, 2): x to the right, y down."""

Embedding: TypeAlias = "npt.NDArray[np.float32]"
"""A face as a float32 vector of length 1; the cosine of two is their dot product."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture from a camera.

    `at` is when the sensor took it, in seconds on the monotonic clock (in a recording: since its start), so
    that age can be judged however late the picture arrives. `seq` counts frames of one source from 0; a gap is
    a dropped frame.
    """

    at: float
    seq: int
    image: Image
    preview: Image | None = None
    """The same moment, smaller, BGR, same aspect ratio: what a camera's second (lores) stream gives for nothing."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, x1 < x2 and y1 < y2; it may reach beyond the picture."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def center(self) -> tuple[float, float]:
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    def iou(self, other: Box) -> float:
        """Intersection over union, 0…1."""
        width = min(self.x2, other.x2) - max(self.x1, other.x1)
        height = min(self.y2, other.y2) - max(self.y1, other.y1)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + other.area - shared)

    def rounded(self) -> tuple[int, int, int, int]:
        return round(self.x1), round(self.y1), round(self.x2), round(self.y2)


UNKNOWN_CLASS = 0
"""The class that stands for nobody and for everybody else, in a network that names people."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The word of a tracker or a classifier on a face: a prediction, until the embedder has confirmed it."""

    name: str | None
    """Of the class, which is an enrolled person's; None where the network names nobody here, or is not sure."""
    confidence: float
    """The probability of its likeliest class, 0…1."""
