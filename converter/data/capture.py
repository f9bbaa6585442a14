"""Takes photos of one person from the door's camera, good ones only, with the detector's box as a proposed label."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converter.data.pictures import encode
from edgegate.camera import Source
from edgegate.enrol import ADVICE, Enroller
from edgegate.types import Box, Frame
from edgegate.vision.analyzer import Analyzer
from edgegate.vision.faces import FaceFault

LABELME = "5.5.0"
"""The version of LabelMe's files that are written; later ones read it."""


@dataclass(frozen=True, slots=True)
class Shooting:
    """Photos taken on one occasion: `prepare` keeps them in one split."""

    person: str
    name: str
    """Of the occasion; file names and labels carry it."""
    camera: str
    folder: Path

    def photo(self, number: int) -> Path:
        return self.folder / f"{self.name}_{number:03d}.jpg"

    def taken(self) -> int:
        """Returns how many photos of this occasion are there already: the next one's number."""
        return next(number for number in itertools.count() if not self.photo(number).exists())


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """The outcome of one frame: `photo` is the file it was kept as, or None with the fault and the advice."""

    at: float
    """Seconds since the first frame."""
    photo: Path | None
    fault: FaceFault | None = None
    advice: str = ""


def capture(
    source: Source, analyzer: Analyzer, shooting: Shooting, *, photos: int, every: float, seconds: float
) -> Iterator[CapturedFrame]:
    """Keep `photos` good frames more, some way apart, within `seconds`; each look is told as it happens.

    The label is written before its photo, so that stopping at any moment leaves no photo unlabelled.
    Raises CameraError.
    """
    first = kept = shooting.taken()
    enroller = Enroller(analyzer, shooting.person)
    for at, frame in _looks(source, every, seconds):
        face, faults = enroller.look(frame)
        if face is None or faults:
            yield CapturedFrame(at, None, faults[0], ADVICE[faults[0]])
            continue
        path = shooting.photo(kept)
        _keep(path, shooting, frame, face.box)
        yield CapturedFrame(at, path)
        kept += 1
        if kept == first + photos:
            return


def labelme(image: Path, label: str, box: Box, width: int, height: int, **more: Any) -> dict[str, Any]:
    """One rectangle as the LabelMe tool writes it, `box` in pixels and cut to the picture."""
    corners = [[max(box.x1, 0.0), max(box.y1, 0.0)], [min(box.x2, float(width)), min(box.y2, float(height))]]
    shape: dict[str, Any] = {
        "label": label,
        "points": [[round(value, 2) for value in corner] for corner in corners],
        "group_id": None,
        "description": "",
        "shape_type": "rectangle",
        "flags": {},
        "mask": None,
    }
    size = {"imageHeight": height, "imageWidth": width}
    return {
        "version": LABELME,
        "flags": {},
        "shapes": [shape],
        "imagePath": image.name,
        "imageData": None,
        **size,
    } | more


def _looks(source: Source, every: float, seconds: float) -> Iterator[tuple[float, Frame]]:
    start: float | None = None
    due = 0.0
    while (frame := source.read()) is not None:
        start = frame.at if start is None else start
        at = frame.at - start
        if at > seconds:
            return
        if at >= due:
            due = at + every
            yield at, frame


def _keep(path: Path, shooting: Shooting, frame: Frame, box: Box) -> None:
    height, width = frame.image.shape[:2]
    label = labelme(path, shooting.person, box, width, height, group=shooting.name, camera=shooting.camera)
    path.with_suffix(".json").write_text(json.dumps(label, ensure_ascii=False, indent=2) + "\n", "utf-8")
    path.write_bytes(encode(frame.image, lossless=False)[0])
