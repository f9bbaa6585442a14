"""The time that everybody enrolled takes: one exact search, and reading the gallery's file.

    python benchmarks/gallery.py [--people 100 1000 10000] [--looks 1 2]

Times are of the processor, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from edgegate.gallery import Gallery, Person, Photo
from edgegate.recognition.identification import Identifier
from edgegate.recognition.search import GallerySnapshot
from edgegate.recognition.thresholds import Table

Result = TypeVar("Result")

EMBEDDER = "e" * 64
DIMENSIONS = 128
PHOTOS = 3
TABLE = Table([{"data": "none", "photos": 5, "frames": 5, "rate": 1e-3, "threshold": 0.95, "trials": 1}])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--looks", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    print("people  looks  search ms (median, 99 %)  reading ms  matrix ms")
    for people in args.people:
        for looks in args.looks:
            print(f"{people:6}  {looks:5}  {_measure(people, looks)}", flush=True)


def _measure(people: int, looks: int) -> str:
    faces = _unit(np.random.default_rng(7).normal(size=(people * looks * PHOTOS, DIMENSIONS)))
    with tempfile.TemporaryDirectory() as folder:
        gallery = Gallery(Path(folder) / "gallery.db")
        _fill(gallery.path, faces, people, looks)
        identifier = Identifier(gallery, TABLE, EMBEDDER, 1e-3, 5)
        everybody, read = _timed(gallery.people)
        _, matrix = _timed(lambda: GallerySnapshot(everybody, EMBEDDER))
        searches = [_timed(partial(identifier.match, face, 5))[1] for face in faces[:300]]
    median, slow = np.percentile(searches, [50, 99])
    return f"{median:10.3f} {slow:13.3f} {read:12.0f} {matrix:10.0f}"


class _Unread(Gallery):
    """Does not read everybody again after each one who is added."""

    def find(self, name: str, *, pictures: bool = False) -> Person:  # noqa: ARG002
        return Person("", name, "", ())


def _fill(path: Path, faces: npt.NDArray[np.float32], people: int, looks: int) -> None:
    gallery = _Unread(path)
    photos = [Photo(face, 1.0, EMBEDDER, look=f"look {i // PHOTOS % looks}") for i, face in enumerate(faces)]
    for i in range(people):
        each = looks * PHOTOS
        gallery.add(f"person {i}", photos[i * each : (i + 1) * each], "2026-01-01T00:00:00Z")


def _timed(act: Callable[[], Result]) -> tuple[Result, float]:
    """Returns the result, and the milliseconds of processor time that it took, whatever else the machine does."""
    start = time.process_time()
    result = act()
    return result, 1000 * (time.process_time() - start)


def _unit(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


if __name__ == "__main__":
    main()
