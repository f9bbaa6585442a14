"""The annotated video: every frame with its faces, what is thought of them, the lock, and each decision as it falls."""

from __future__ import annotations

import unicodedata
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from edgegate.clock import rfc3339
from edgegate.events import TYPE_PREFIX, CloudEvent, Names
from edgegate.loop import Turn
from edgegate.types import Candidate, EventType, Image, Sighting
from edgegate.video import video_file

CAPTION_SECONDS = 2.5
"""How long a decision stays written across the picture."""

Colour = tuple[int, int, int]

GREEN, RED, GREY = (80, 160, 40), (50, 50, 205), (128, 128, 128)
WHITE, DARK = (255, 255, 255), (28, 26, 24)
_FONT = cv2.FONT_HERSHEY_DUPLEX


@dataclass(frozen=True, slots=True)
class _Label:
    text: str
    colour: Colour


@dataclass(frozen=True, slots=True)
class _Caption:
    label: _Label
    until: float


class Annotator:
    """Writes the video at `path` while its `with` block runs; the file appears if the block ends well.

    `size` is width and height in pixels; `start` is the wall time at second 0 of the recording, in seconds since
    the epoch (None: only seconds are shown). Raises as `video.video_file`.
    """

    def __init__(self, path: Path, names: Names, size: tuple[int, int], fps: float, start: float | None = None) -> None:
        self._names = names
        self._start = start
        self._unit = max(size[1] / 480, 0.5)
        self._decided: dict[int, _Label] = {}
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
            self._draw_face(image, sighting)
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
        text = f"{'granted' if granted else 'refused'}: {who}{reason}{_scores(data['score'], data['threshold'])}"
        self._caption = _Caption(_Label(text, colour), turn.frame.at + CAPTION_SECONDS)
        for sighting in turn.sightings:
            if sighting.track == data["track"]:
                self._decided[sighting.visit] = _Label(str(who), colour)

    def _opinion(self, sighting: Sighting) -> _Label:
        """Green for somebody recognised, red for somebody refused, grey while nothing is decided."""
        best = sighting.pooled
        decided = self._decided.get(sighting.visit)
        if best is None:
            return decided or _Label("", GREY)
        scores = _scores(best.score, best.threshold)
        if best.score >= best.threshold:
            return _Label(self._name_of(best) + scores, GREEN)
        if decided is not None and decided.colour == RED:
            return _Label(decided.text + scores, RED)
        return _Label(scores.strip(), GREY)

    def _name_of(self, candidate: Candidate) -> str:
        return self._names(candidate.person) or "somebody forgotten"

    def _draw_face(self, image: Image, sighting: Sighting) -> None:
        label = self._opinion(sighting)
        x1, y1, x2, y2 = sighting.box.rounded()
        cv2.rectangle(image, (x1, y1), (x2, y2), label.colour, self._px(2), cv2.LINE_AA)
        if label.text:
            width, height = self._plate_size(label.text, 0.45)
            left = min(max(x1, 0), max(image.shape[1] - width, 0))
            top = y1 - height if y1 >= height else min(y2, image.shape[0] - height)
            self._draw_plate(image, label, (left, top), 0.45)

    def _draw_caption(self, image: Image, label: _Label) -> None:
        width, height = self._plate_size(label.text, 0.62)
        left = max((image.shape[1] - width) // 2, 0)
        self._draw_plate(image, label, (left, image.shape[0] - self._px(46) - height), 0.62)

    def _draw_bar(self, image: Image, turn: Turn) -> None:
        """A strip at the bottom: the lock in word, colour and picture, and the time."""
        top = image.shape[0] - self._px(34)
        strip = image[top:]
        colour = DARK if turn.locked else GREEN
        strip[:] = np.asarray(strip * 0.25 + np.array(colour) * 0.75, np.uint8)
        middle = top + self._px(17)
        self._draw_padlock(image, (self._px(22), middle), locked=turn.locked)
        self._text(image, "LOCKED" if turn.locked else "OPEN", (self._px(42), middle), 0.6)
        when = self._when(turn.frame.at)
        width = self._plate_size(when, 0.5)[0]
        self._text(image, when, (image.shape[1] - width, middle), 0.5)

    def _when(self, at: float) -> str:
        wall = "" if self._start is None else rfc3339(self._start + at)[:-5].replace("T", " ") + " UTC   "
        return f"{wall}{at:.1f} s"

    def _draw_padlock(self, image: Image, center: tuple[int, int], *, locked: bool) -> None:
        x, y = center
        width, height, radius = self._px(8), self._px(6), self._px(5)
        lift, turn = (0, 180) if locked else (self._px(2), 150)
        shackle = (x, y - self._px(1) - lift)
        cv2.ellipse(image, shackle, (radius, self._px(7)), 0, 360 - turn, 360, WHITE, self._px(2), cv2.LINE_AA)
        cv2.rectangle(image, (x - width, y - self._px(1)), (x + width, y + 2 * height - self._px(3)), WHITE, -1)

    def _draw_plate(self, image: Image, label: _Label, corner: tuple[int, int], scale: float) -> None:
        width, height = self._plate_size(label.text, scale)
        x, y = corner
        cv2.rectangle(image, (x, y), (x + width - 1, y + height - 1), label.colour, -1)
        self._text(image, label.text, (x + self._px(7), y + height // 2), scale)

    def _plate_size(self, text: str, scale: float) -> tuple[int, int]:
        (width, height), _ = cv2.getTextSize(_drawable(text), _FONT, scale * self._unit, 1)
        return width + self._px(14), height + self._px(12)

    def _text(self, image: Image, text: str, left_middle: tuple[int, int], scale: float) -> None:
        text = _drawable(text)
        (_, height), _ = cv2.getTextSize(text, _FONT, scale * self._unit, 1)
        place = (left_middle[0], left_middle[1] + height // 2)
        cv2.putText(image, text, place, _FONT, scale * self._unit, WHITE, 1, cv2.LINE_AA)

    def _px(self, pixels: float) -> int:
        return max(1, round(pixels * self._unit))


def _scores(score: float | None, threshold: float | None) -> str:
    if score is None or threshold is None:
        return ""
    return f"  {score:.3f} {'>=' if score >= threshold else '<'} {threshold:.3f}"


def _drawable(text: str) -> str:
    """OpenCV's fonts are ASCII: accents go, and what has no such letter becomes a question mark."""
    letters = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return plain.replace("≥", ">=").encode("ascii", "replace").decode()
