"""The pipeline's view of a frame, drawn on it. There is no gate, no lock and no journal here."""

from __future__ import annotations

from typing import Protocol

from edgegate.access.observation import Sighting
from edgegate.events.cloudevents import Names
from edgegate.events.vocabulary import Denial
from edgegate.pages.overlay import DARK, RED, Caption, Pen, opinion
from edgegate.types import Frame, Image

NOTE = "VIEW: DECIDES NOTHING"


class ViewPipeline(Protocol):
    """The pipeline, as far as a viewer needs it."""

    def look(self, frame: Frame) -> tuple[Sighting, ...]: ...


class Viewer:
    """Draws frames. A face is called unknown after `refuse_after_frames` frames of it, as at the door."""

    def __init__(self, pipeline: ViewPipeline, names: Names, refuse_after_frames: int) -> None:
        self._pipeline = pipeline
        self._names = names
        self._refuse_after = refuse_after_frames

    def draw(self, frame: Frame) -> Image:
        """A copy of the frame's picture: green boxes with names, red ones for strangers, grey while not sure."""
        sightings = self._pipeline.look(frame)
        image = frame.image.copy()
        pen = Pen(image.shape[0])
        for sighting in sorted(sightings, key=lambda s: s.box.area):
            pen.face(image, sighting.box, opinion(sighting, self._names, self._refused(sighting)))
        middle = pen.strip(image, DARK)
        pen.text(image, NOTE, (pen.px(12), middle), 0.5)
        return image

    def _refused(self, sighting: Sighting) -> Caption | None:
        return Caption(Denial.UNKNOWN, RED) if sighting.frames >= self._refuse_after else None
