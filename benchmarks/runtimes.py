"""The embedder's variants and runtimes against each other: float and int8, enrolled on one and decided on another.

Two runtimes do not live in one environment, so this is done in steps: `chips` cuts the chips of the accepted photos
of a data set once, `embed` runs a model on them, in whichever environment, and `compare` reads what came out, the
first being what the others are compared with. The files are of people: keep them outside the project, and delete them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from verification import RATES, Protocol, compare

from edgegate.enrol import Enroller, read_picture
from edgegate.errors import EdgegateError
from edgegate.evaluation.dataset import photo_visits
from edgegate.system.progress import progress
from edgegate.system.quiet import quiet
from edgegate.types import Frame
from edgegate.vision.align import ALIGNMENT_POINTS, align
from edgegate.vision.analyzer import build_analyzer
from edgegate.vision.landmarks import Landmarker
from edgegate.vision.packs import load_pack, shipped
from edgegate.vision.tflite import MODULES, Model

PHOTOS = 3
Embeddings = npt.NDArray[np.float32]


def chips(args: argparse.Namespace) -> None:
    analyzer = build_analyzer()
    landmarker = Landmarker(Model(load_pack(shipped("face-landmarks"), "landmarks")))
    people, cut = [], []
    photos = [(visit.person, path) for visit in photo_visits(args.dataset, args.part) for path in visit.files]
    for person, path in progress(photos, "looking", "photo"):
        image = read_picture(path)
        if image is None or Enroller(analyzer, "").judge(str(path), image).photo is None:
            continue
        if faces := analyzer.detect(Frame(0.0, 0, image)):
            mesh = landmarker.locate(image, faces[0].box, faces[0].keypoints)
            people.append(person)
            cut.append(align(image, mesh.points[list(ALIGNMENT_POINTS)]))
    np.savez(args.out, people=np.array(people), chips=np.stack(cut))


def embed(args: argparse.Namespace) -> None:
    """Any model of the shipped one's shape: float32 ones take the pixels as they are."""
    module = __import__(MODULES[args.runtime], fromlist=["Interpreter"])
    with quiet():  # TFLite prints which delegate it has created
        interpreter = module.Interpreter(model_path=str(args.model), num_threads=1)
        interpreter.allocate_tensors()
    given, wanted = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    with np.load(args.chips) as file:
        people, pictures = file["people"], file["chips"]

    def run(chip: npt.NDArray[Any]) -> Embeddings:
        interpreter.set_tensor(given["index"], chip[np.newaxis].astype(given["dtype"]))
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(wanted["index"])[0], np.float32)

    both = (run(chip) + run(np.asarray(cv2.flip(chip, 1))) for chip in progress(pictures, "embedding", "chip"))
    rows = np.stack([total / np.linalg.norm(total) for total in both])
    np.savez(args.out, people=people, embeddings=rows)


def agreement(args: argparse.Namespace) -> None:
    found = {path.stem: _read(path) for path in args.files}
    people, first = next(iter(found.values()))
    protocol = Protocol(people.tolist(), PHOTOS)
    print(
        f"{protocol.genuine} genuine pairs of {protocol.genuine_people} people, {int(protocol.strangers())} strangers'"
    )
    for name, (_, embeddings) in found.items():
        measured = compare(protocol, first, embeddings)
        print(name, "|", " | ".join(_cells(measured.rates, measured.gain, measured.gain_interval)), flush=True)
    print("\n".join(_mixed(protocol, {name: embeddings for name, (_, embeddings) in found.items()})))


def _cells(rates: npt.NDArray[Any], gains: npt.NDArray[Any], intervals: npt.NDArray[Any]) -> Iterator[str]:
    for rate, accepted, gain, (low, high) in zip(RATES, rates, gains, intervals.T, strict=True):
        yield f"{accepted:.4f} at {rate:g}: {100 * gain:+.2f} [{100 * low:+.2f}, {100 * high:+.2f}]"


def _mixed(protocol: Protocol, found: Mapping[str, Embeddings]) -> Iterator[str]:
    """Enrolled with one, decided with another: with its own threshold, as many strangers as with one alone?"""
    everybody = np.ones(protocol.people)
    for (one, enrolled), (other, probes) in permutations(found.items(), 2):
        alone, mixed = protocol.scores(enrolled), protocol.scores(enrolled, probes)
        thresholds = alone.thresholds(protocol, everybody)
        strangers = [(mixed.strangers > t).sum() / protocol.strangers() for t in thresholds]
        genuine = [(mixed.genuine > t).mean() for t in thresholds]
        cosines = (enrolled * probes).sum(axis=1)
        yield (
            f"enrolled with {one}, decided with {other}: same photo's cosine {cosines.mean():.5f}, lowest "
            f"{cosines.min():.5f}; at the first's thresholds for {RATES}: false accepts "
            f"{', '.join(f'{rate:.2g}' for rate in strangers)}; true accepts {', '.join(f'{g:.4f}' for g in genuine)}"
        )


def _read(path: Path) -> tuple[npt.NDArray[Any], Embeddings]:
    with np.load(path) as file:
        return file["people"], file["embeddings"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    steps = parser.add_subparsers(required=True)
    step = steps.add_parser("chips")
    step.add_argument("dataset", type=Path)
    step.add_argument("out", type=Path)
    step.add_argument("--part", choices=["tables", "held-out"], default="tables")
    step.set_defaults(run=chips)
    step = steps.add_parser("embed")
    step.add_argument("chips", type=Path)
    step.add_argument("out", type=Path)
    step.add_argument("--model", type=Path, default=shipped("face-embedder") / "model.tflite")
    step.add_argument("--runtime", choices=list(MODULES), default="litert")
    step.set_defaults(run=embed)
    step = steps.add_parser("compare")
    step.add_argument("files", type=Path, nargs="+")
    step.set_defaults(run=agreement)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    try:
        main()
    except EdgegateError as error:
        sys.exit(str(error))
