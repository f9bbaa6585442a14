"""Gains still possible with the shipped embedder: ways to cut and average chips, against the first version's.

`--part tables`, the default, are the people that choices are made on; `held-out` are for reporting a choice once made.
Nothing but the rates is kept, in benchmarks/out/squeeze-PART.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from verification import RATES, Measured, Protocol, compare

from edgegate.enrol import Enroller, read_picture
from edgegate.errors import EdgegateError
from edgegate.evaluation.dataset import photo_visits
from edgegate.system.progress import progress
from edgegate.types import Box, Frame, Image, Points
from edgegate.vision.align import ALIGNMENT_POINTS, CHIP_SIZE, TEMPLATE, ZOOM
from edgegate.vision.analyzer import Analyzer, build_analyzer
from edgegate.vision.faces import Face
from edgegate.vision.landmarks import Landmarker
from edgegate.vision.packs import load_pack, shipped
from edgegate.vision.preprocess import Similarity, fit, warp_rgb
from edgegate.vision.tflite import Model

OUT = Path(__file__).parent / "out"
PHOTOS = (1, 3)
"""Enrolled; with at most five photos a person, five would leave none to probe with."""
MIDDLE = complex(CHIP_SIZE / 2, CHIP_SIZE / 2)


@dataclass(frozen=True, slots=True)
class View:
    """One chip: `zoom` times larger and shifted by pixels; after the mesh was run so many times."""

    zoom: float = 1.0
    shift: complex = 0j
    degrees: float = 0.0
    meshes: int = 1
    points: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Of ALIGNMENT_POINTS."""
    mirrored: bool = False

    @property
    def move(self) -> Similarity:
        turn = self.zoom * complex(np.exp(1j * np.deg2rad(self.degrees)))
        return Similarity(turn, MIDDLE - turn * MIDDLE + self.shift)


def both(*views: View) -> tuple[View, ...]:
    """Each view and its mirror image."""
    return tuple(
        View(v.zoom, v.shift, v.degrees, v.meshes, v.points, mirrored) for v in views for mirrored in (False, True)
    )


SHIFTED = tuple(View(shift=shift) for shift in (-3, 3, -3j, 3j))

FIRST = "first version: one chip and its mirror image"
WAYS: Mapping[str, tuple[View, ...]] = MappingProxyType(
    {
        FIRST: both(View()),
        "no mirror image": (View(),),
        "mesh run twice": both(View(meshes=2)),
        "aligned by the eyes alone": both(View(points=(0, 1, 2, 3))),
        "zoom 0.95": both(View(0.95)),
        "zoom 1.05": both(View(1.05)),
        "zoom 1.1": both(View(1.1)),
        "zoom 1, its mirror image at 1.1": (View(), View(1.1, mirrored=True)),
        "zooms 1, 1.1": both(View(), View(1.1)),
        "zooms 0.9, 1, 1.1": both(View(0.9), View(), View(1.1)),
        "zooms 0.95, 1.05, 1.1": both(View(0.95), View(1.05), View(1.1)),
        "4 shifts": both(View(), *SHIFTED),
        "4 shifts, zooms 0.9, 1, 1.1": both(View(), *SHIFTED, View(0.9), View(1.1)),
    }
)
"""The number of views is the number of invocations of the embedder."""

Embeddings = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The photos that enrolment accepts: whose they are, and the raw embedding of each view of each."""

    people: list[str]
    raw: dict[View, Embeddings]
    photos: int

    def embeddings(self, views: Sequence[View]) -> Embeddings:
        total = sum((self.raw[view] for view in views[1:]), self.raw[views[0]])
        return np.asarray(total / np.linalg.norm(total, axis=1, keepdims=True), np.float32)


class Viewer:
    """Cuts the chips of a face, and embeds them without averaging."""

    def __init__(self, views: Sequence[View]) -> None:
        self._landmarker = Landmarker(Model(load_pack(shipped("face-landmarks"), "landmarks")))
        self._embedder = Model(load_pack(shipped("face-embedder"), "embedder"))
        self._views = views

    def look(self, image: Image, face: Face) -> list[Embeddings]:
        """The raw embedding, (128,), of each view."""
        once = self._landmarker.locate(image, face.box, face.keypoints)
        meshes = {1: once.points}
        if any(view.meshes == 2 for view in self._views):
            meshes[2] = self._landmarker.locate(image, _around(once.points), once.keypoints).points
        return [self._embed(image, meshes[view.meshes], view) for view in self._views]

    def _embed(self, image: Image, mesh: Points, view: View) -> Embeddings:
        five = mesh[list(ALIGNMENT_POINTS)]
        wanted = list(view.points)
        chip = warp_rgb(image, fit(five[wanted], TEMPLATE[wanted]).then(view.move), CHIP_SIZE)
        if view.mirrored:
            chip = np.asarray(cv2.flip(chip, 1), np.uint8)
        embedding: Embeddings = self._embedder.run(chip)["embedding"][0]
        return embedding


def _around(points: Points) -> Box:
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return Box(left, top, right, bottom)


def see(dataset: Path, part: Any, ways: Mapping[str, Sequence[View]]) -> Seen:
    """Every accepted photo with one face; raises UsageError if there are none."""
    analyzer = build_analyzer()
    views = sorted({view for way in ways.values() for view in way}, key=repr)
    viewer = Viewer(views)
    people: list[str] = []
    rows: list[list[Embeddings]] = []
    photos = [(visit.person, path) for visit in photo_visits(dataset, part) for path in visit.files]
    for person, path in progress(photos, "looking", "photo"):
        if (found := _accepted(analyzer, path)) is not None:
            people.append(person)
            rows.append(viewer.look(*found))
    columns = zip(*rows, strict=True)
    return Seen(people, {view: np.stack(column) for view, column in zip(views, columns, strict=True)}, len(photos))


def _accepted(analyzer: Analyzer, path: Path) -> tuple[Image, Face] | None:
    image = read_picture(path)
    if image is None or Enroller(analyzer, "").judge(str(path), image).photo is None:
        return None
    faces = analyzer.detect(Frame(0.0, 0, image))
    return (image, faces[0]) if faces else None


def table(seen: Seen, ways: Mapping[str, Sequence[View]]) -> Iterator[dict[str, Any]]:
    first = seen.embeddings(WAYS[FIRST])
    for photos in PHOTOS:
        protocol = Protocol(seen.people, photos)
        for name, views in ways.items():
            measured = compare(protocol, first, seen.embeddings(views))
            yield {
                "way": name,
                "invocations": len(views),
                "photos": photos,
                "people": protocol.genuine_people,
                "genuine": protocol.genuine,
                "strangers": int(protocol.strangers()),
                "rates": _by_rate(measured),
            }


def _by_rate(measured: Measured) -> list[dict[str, Any]]:
    columns = zip(RATES, measured.rates, measured.interval.T, measured.gain, measured.gain_interval.T, strict=True)
    return [
        {
            "false_accept_rate": rate,
            "true_accept_rate": round(float(accepted), 4),
            "interval_95": interval.round(4).tolist(),
            "gain": round(float(gain), 4),
            "gain_interval_95": gained.round(4).tolist(),
        }
        for rate, accepted, interval, gain, gained in columns
    ]


def in_words(row: Mapping[str, Any]) -> str:
    cells = (
        f"{r['true_accept_rate']:.3f} {100 * r['gain']:+.1f} [{100 * r['gain_interval_95'][0]:+.1f}, "
        f"{100 * r['gain_interval_95'][1]:+.1f}]"
        for r in row["rates"]
    )
    return f"{row['photos']} | {row['way']} | {row['invocations']} | {' | '.join(cells)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path, help="a folder a person, photos in it")
    parser.add_argument("--part", choices=["tables", "held-out"], default="tables")
    args = parser.parse_args()
    chosen = f"zoom {ZOOM:g}"
    ways = WAYS if args.part == "tables" else {FIRST: WAYS[FIRST], chosen: WAYS[chosen]}
    seen = see(args.dataset, args.part, ways)
    print(f"{len(seen.people)} of {seen.photos} photos accepted")
    rows = []
    for row in table(seen, ways):
        print(in_words(row), flush=True)
        rows.append(row)
    print(
        f"{row['genuine']} genuine pairs of {row['people']} people, {row['strangers']} strangers', with {row['photos']}"
    )
    OUT.mkdir(exist_ok=True)
    (OUT / f"squeeze-{args.part}.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except EdgegateError as error:
        sys.exit(str(error))
