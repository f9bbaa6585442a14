"""The smallest face that the detector still finds, on crowds and at a fixed camera, and how far away that is.

The detector sees the whole picture at 192 pixels, so sizes are given as they would be in a picture 640 pixels wide.
Crowds are `wider-dev`, whose boxes are given. The fixed camera's clips (`person-*`) show one face a frame of 51 to 71
pixels; each frame is also shrunk and surrounded by its own border, as if the person stood farther away.

Writes benchmarks/out/detector_recall.json.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from edgegate.app import build_analyzer
from edgegate.camera import Recording
from edgegate.cli.common import existing
from edgegate.config import Config
from edgegate.enrol import read_picture
from edgegate.errors import EdgegateError
from edgegate.evaluation.dataset import clip_visits
from edgegate.system.progress import progress
from edgegate.types import Box, Frame, Image
from edgegate.vision.analyzer import Analyzer

OUT = Path(__file__).parent / "out" / "detector_recall.json"
WIDTH = 640
SIZES = (0, 15, 20, 25, 30, 40, 50, 60, 80, 120)
"""Lower ends of the rows: the shorter side of the face's box, pixels."""
DISTANCES = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
EVERY = 5
"""Frames of a clip resemble each other: one of this many is looked at."""
FOUND_IOU = 0.35
FALSE_IOU = 0.2

FACE_METRES = 0.15
"""Side of the detector's box on an adult's face, brows to chin: assumed, not measured."""
VIEW_DEGREES: Mapping[str, float] = {"Camera Module 3": 66.0, "Camera Module 3 Wide": 102.0}
"""Horizontal fields of view, as Raspberry Pi documents them."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One face that is there: its size in a picture WIDTH wide, and whether it was found."""

    size: float
    found: bool


@dataclass(frozen=True, slots=True)
class Row:
    """Recall over the faces from `smallest` pixels up to the next row's."""

    smallest: int
    faces: int
    found: int


def rows(faces: Sequence[Looked]) -> list[Row]:
    bins = np.digitize([face.size for face in faces], SIZES) - 1
    return [
        Row(smallest, int((bins == index).sum()), sum(f.found for f, b in zip(faces, bins, strict=True) if b == index))
        for index, smallest in enumerate(SIZES)
    ]


def crowds(folder: Path, analyzer: Analyzer) -> tuple[list[Looked], int, int]:
    """The faces of wider-dev, and how many boxes of how many pictures were on no face."""
    boxes: dict[str, list[Box]] = {}
    with existing(folder / "boxes.csv", "list of boxes").open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            box = Box(float(line["x1"]), float(line["y1"]), float(line["x2"]), float(line["y2"]))
            boxes.setdefault(line["file"], []).append(box)
    looked, wrong = [], 0
    for name, wanted in progress(boxes.items(), "crowds", "picture"):
        image = _readable(folder / "images" / name)
        seen = [face.box for face in analyzer.detect(Frame(0.0, 0, image))]
        scale = WIDTH / max(image.shape[:2])
        looked += [_looked(box, scale, seen) for box in wanted]
        wrong += sum(not any(box.iou(other) > FALSE_IOU for other in wanted) for box in seen)
    return looked, wrong, len(boxes)


def at_a_camera(folder: Path, analyzer: Analyzer) -> list[Looked]:
    """The face of each frame of the person-* clips, at DISTANCES times its own; a frame without one is missed."""
    looked = []
    for visit in progress(clip_visits(folder, "person-(.)", "all"), "clips", "clip"):
        usual = 0.0
        for frame in _frames(visit.files[0]):
            faces = analyzer.detect(frame)
            if faces:
                box = faces[0].box
                usual = min(box.width, box.height)
                looked += [_from_afar(frame.image, box, times, analyzer) for times in DISTANCES]
            else:
                looked.append(Looked(usual, found=False))
    return looked


def _from_afar(image: Image, box: Box, times: float, analyzer: Analyzer) -> Looked:
    height, width = image.shape[:2]
    small = cv2.resize(image, None, fx=1 / times, fy=1 / times, interpolation=cv2.INTER_AREA)
    left, top = (width - small.shape[1]) // 2, (height - small.shape[0]) // 2
    right, bottom = width - left - small.shape[1], height - top - small.shape[0]
    far = np.asarray(cv2.copyMakeBorder(small, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8)
    there = Box(box.x1 / times + left, box.y1 / times + top, box.x2 / times + left, box.y2 / times + top)
    return _looked(there, WIDTH / max(width, height), [face.box for face in analyzer.detect(Frame(0.0, 0, far))])


def _looked(box: Box, scale: float, seen: Sequence[Box]) -> Looked:
    return Looked(min(box.width, box.height) * scale, any(box.iou(other) > FOUND_IOU for other in seen))


def _frames(clip: Path) -> Iterator[Frame]:
    recording = Recording(clip)
    try:
        yield from (frame for frame in iter(recording.read, None) if frame.seq % EVERY == 0)
    finally:
        recording.close()


def _readable(path: Path) -> Image:
    image = read_picture(path)
    if image is None:
        raise EdgegateError(f"{path}: cannot be read as a picture; get the evaluation data again")
    return image


def metres(pixels: float, view_degrees: float, width: int = WIDTH) -> float:
    """Returns the metres to a face of this size in a picture `width` pixels wide (pinhole, middle of the view)."""
    focal = width / 2 / math.tan(math.radians(view_degrees / 2))
    return FACE_METRES * focal / pixels


def in_words(crowd: Sequence[Row], camera: Sequence[Row]) -> Iterator[str]:
    yield f"face from | wider-dev | person-* | metres at {', '.join(VIEW_DEGREES)}"
    for many, one in zip(crowd, camera, strict=True):
        far = (f"{metres(many.smallest, view):.1f}" if many.smallest else "" for view in VIEW_DEGREES.values())
        yield f"{many.smallest:4} px | {_share(many)} | {_share(one)} | {', '.join(far)}"


def _share(row: Row) -> str:
    return f"{row.found} of {row.faces} ({row.found / row.faces:.0%})" if row.faces else "none"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of wider-dev and clips")
    data = parser.parse_args().data
    analyzer = build_analyzer(Config())
    looked, wrong, pictures = crowds(data / "wider-dev", analyzer)
    crowd, camera = rows(looked), rows(at_a_camera(data / "clips", analyzer))
    print("\n".join(in_words(crowd, camera)))
    print(f"on no face: {wrong} boxes in {pictures} pictures of crowds")
    result = {"wider-dev": [asdict(r) for r in crowd], "person": [asdict(r) for r in camera], "false_boxes": wrong}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except EdgegateError as error:
        sys.exit(str(error))
