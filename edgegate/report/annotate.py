"""The annotated video: every frame with its faces, what is thought of them, the lock, and each decision as it falls."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from edgegate.clock import rfc3339
from edgegate.events.cloudevents import TYPE_PREFIX, CloudEvent, Names
from edgegate.events.vocabulary import EventType
from edgegate.loop.turn import Turn
from edgegate.pages.overlay import DARK, GREEN, RED, Caption, Pen, opinion, scores
from edgegate.report.video import video_file
from edgegate.types import Image

CAPTION_SECONDS = 2.5
"""The time that a decision stays written across the picture."""


@dataclass(frozen=True, slots=True)
class _Caption:
    label: Caption
    until: float


class Annotator:
    """Writes the video at `path` while its `with` block runs; the file appears if the block ends well.

    `size` is width and height in pixels; `start` is the wall time at second 0 of the recording, in seconds since
    the epoch (None: only seconds are shown). Raises as `video.video_file`.
    """

    def __init__(self, path: Path, names: Names, size: tuple[int, int], fps: float, start: float | None = None) -> None:
        self._names = names
        self._start = start
        self._pen = Pen(size[1])
        self._decided: dict[int, Caption] = {}
        self._caption: _Caption | None = None
        self._file = ExitStack()
        self._write = self._file.enter_context(video_file(path, size, fps))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.__exit__(kind, error, traceback)

    def add(self, turn: Turn) -> None:
        """Draw one frame; the turn's own picture is left as it is."""
        for event in turn.events:
            self._note(event, turn)
        image = turn.frame.image.copy()
        for sighting in sorted(turn.sightings, key=lambda s: s.box.area):
            self._pen.face(image, sighting.box, opinion(sighting, self._names, self._decided.get(sighting.visit)))
        self._draw_bar(image, turn)
        if self._caption is not None and turn.frame.at < self._caption.until:
            self._draw_caption(image, self._caption.label)
        self._write(image)

    def _note(self, event: CloudEvent, turn: Turn) -> None:
        """Remember a decision, for the caption and for the faces of its visit."""
        data = event["data"]
        kind = event["type"].removeprefix(TYPE_PREFIX)
        if kind not in {EventType.GRANTED, EventType.DENIED}:
            return
        granted = kind == EventType.GRANTED
        colour = GREEN if granted else RED
        who = data.get("person") or ("somebody forgotten" if granted else "unknown")
        reason = "" if granted or data["reason"] == who else f" ({data['reason']})"
        text = f"{'granted' if granted else 'refused'}: {who}{reason}{scores(data['score'], data['threshold'])}"
        self._caption = _Caption(Caption(text, colour), turn.frame.at + CAPTION_SECONDS)
        for sighting in turn.sightings:
            if sighting.track == data["track"]:
                self._decided[sighting.visit] = Caption(str(who), colour)

    def _draw_caption(self, image: Image, label: Caption) -> None:
        pen = self._pen
        width, height = pen.plate_size(label.text, 0.62)
        left = max((image.shape[1] - width) // 2, 0)
        pen.plate(image, label, (left, image.shape[0] - pen.px(46) - height), 0.62)

    def _draw_bar(self, image: Image, turn: Turn) -> None:
        """The lock in word, colour and picture, and the time."""
        pen = self._pen
        middle = pen.strip(image, DARK if turn.locked else GREEN)
        pen.padlock(image, (pen.px(22), middle), locked=turn.locked)
        pen.text(image, "LOCKED" if turn.locked else "OPEN", (pen.px(42), middle), 0.6)
        when = self._when(turn.frame.at)
        width = pen.plate_size(when, 0.5)[0]
        pen.text(image, when, (image.shape[1] - width, middle), 0.5)

    def _when(self, at: float) -> str:
        wall = "" if self._start is None else rfc3339(self._start + at)[:-5].replace("T", " ") + " UTC   "
        return f"{wall}{at:.1f} s"
