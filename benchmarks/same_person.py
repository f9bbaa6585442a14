"""The checks that a photo is of the same person as others: how often one's own is refused, and a stranger's is not.

    python benchmarks/same_person.py DATA [--people 160]

DATA holds lfw-dev and nuaa-dev. Masks are painted onto lfw-dev's photos by the face mesh.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from edgegate.enrol import Enroller, Sameness, read_picture
from edgegate.gallery import Photo
from edgegate.recognition.thresholds import Table
from edgegate.system.progress import progress
from edgegate.types import Frame, Image
from edgegate.vision.analyzer import Analyzer, build_analyzer
from edgegate.vision.landmarks import Landmarker
from edgegate.vision.packs import load_pack, shipped
from edgegate.vision.pooling import pool
from edgegate.vision.tflite import Model

SEED = 0
STRANGERS = 40
"""Of other people, for each photo of one's own."""

MASK = (
    234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 195,
)  # fmt: skip
"""Mesh points around what a mask covers: along the jaw from ear to ear, and the ridge of the nose."""

_CLOTH = (200, 170, 140)

Photos = Mapping[str, Sequence[Photo]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--people", type=int, default=160, help="of lfw-dev, with three photos or more")
    args = parser.parse_args()
    analyzer = build_analyzer()
    sameness = Sameness(Table(analyzer.pack.thresholds))
    folders = [f for f in sorted((args.data / "lfw-dev").iterdir()) if len(list(f.glob("*.jpg"))) >= 3]
    folders = folders[:: max(1, len(folders) // args.people)][: args.people]
    bare = _photos(analyzer, {f.name: sorted(f.glob("*.jpg")) for f in folders})
    for rest in (1, 2, 4):
        _tell(f"lfw-dev, {rest} others", bare, bare, rest, sameness.of_photos(rest))
    films = _photos(analyzer, _films(args.data / "nuaa-dev" / "live"))
    for rest in (1, 2, 4):
        _tell(f"nuaa-dev live, one film, {rest} others", films, films, rest, sameness.of_one_camera(rest))
    landmarker = Landmarker(Model(load_pack(shipped("face-landmarks"), "landmarks")))
    masked = _photos(analyzer, {f.name: sorted(f.glob("*.jpg"))[:1] for f in folders}, _Painter(analyzer, landmarker))
    print(f"{sum(map(len, masked.values()))} of {len(folders)} masked faces are accepted at all")
    _tell("lfw-dev, a mask and 1 other without", masked, bare, 1, sameness.of_looks(1))


def _films(folder: Path) -> dict[str, list[Path]]:
    """Six frames of each film, by person and film."""
    films = defaultdict(list)
    for file in sorted(folder.rglob("*.jpg")):
        films[file.stem.rpartition("_")[0]].append(file)
    return {name: files[:: max(1, len(files) // 6)][:6] for name, files in films.items()}


def _photos(
    analyzer: Analyzer, files: Mapping[str, Iterable[Path]], change: Callable[[Image], Image] = lambda image: image
) -> dict[str, list[Photo]]:
    """Returns the photos that `edgegate enroll` accepts, by person."""
    enroller = Enroller(analyzer, "")
    photos: dict[str, list[Photo]] = {}
    for name, paths in progress(files.items(), "looking at", "person", len(files)):
        pictures = [(path.name, read_picture(path)) for path in paths]
        judged = [enroller.judge(source, None if image is None else change(image)).photo for source, image in pictures]
        photos[name] = [photo for photo in judged if photo is not None]
    return photos


class _Painter:
    """Paints a mask on the largest face; a picture without one stays as it is."""

    def __init__(self, analyzer: Analyzer, landmarker: Landmarker) -> None:
        self._analyzer = analyzer
        self._landmarker = landmarker

    def __call__(self, image: Image) -> Image:
        faces = self._analyzer.detect(Frame(0.0, 0, image))
        if not faces:
            return image
        mesh = self._landmarker.locate(image, faces[0].box, faces[0].keypoints)
        painted = image.copy()
        cv2.fillPoly(painted, [mesh.points[list(MASK)].astype(np.int32)], _CLOTH)
        return painted


def _tell(what: str, probes: Photos, known: Photos, rest: int, threshold: float) -> None:
    """Each probe against the mean of so many other photos of the same person, and of others' photos against it."""
    draw = np.random.default_rng(SEED)
    genuine, strangers = [], []
    for name, photos in probes.items():
        for probe in photos:
            others = [photo for photo in known[name] if photo.source != probe.source]
            if len(others) < rest:
                continue
            mean = pool((others[i].embedding, others[i].quality) for i in draw.permutation(len(others))[:rest])
            genuine.append(float(mean @ probe.embedding))
            # A film's name begins with its person's: their other films are no strangers. Namesakes are left out, too.
            foreign = [p for n, ps in probes.items() if n.split("_")[0] != name.split("_")[0] for p in ps]
            chosen = draw.choice(len(foreign), min(STRANGERS, len(foreign)), replace=False)
            strangers += [float(mean @ foreign[i].embedding) for i in chosen]
    refused, passed = np.mean(np.array(genuine) < threshold), np.mean(np.array(strangers) >= threshold)
    print(
        f"{what}: threshold {threshold:.4f}; refused {refused:.2%} of {len(genuine)} of one's own, "
        f"took {passed:.2%} of {len(strangers)} strangers'"
    )


if __name__ == "__main__":
    main()
