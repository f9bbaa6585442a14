"""The share of real strangers whom a tracker network, alone, gives the name of somebody it knows: photos and clips.

`python benchmarks/tracker_on_strangers.py DATA…` takes files and folders of people who are none of the pack's classes,
by default for the pack that ships. A photo counts once, a clip by every tenth frame; only what the face detector sees
a face in counts. What it prints is about the network alone: a door has the embedder confirm whom it names.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from edgegate.app import build_analyzer
from edgegate.camera import Recording
from edgegate.config import load
from edgegate.enrol import PICTURES, VIDEOS, read_picture
from edgegate.recognition.thresholds import rate_bound
from edgegate.types import Frame, Image
from edgegate.vision.packs import load_pack, shipped
from edgegate.vision.tflite import Model
from edgegate.vision.tracker import TrackerNetwork

EVERY = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--pack", type=Path, default=shipped("face-tracker"), help="(the one that ships)")
    parser.add_argument("--threshold", type=float, default=0.9, help="probability that names somebody (%(default)s)")
    given = parser.parse_args()
    network = TrackerNetwork(Model(load_pack(given.pack, "tracker")))
    detector = build_analyzer(load(None, []))
    for data in given.data:
        seen, named = 0, 0
        for image in _pictures(data):
            frame = Frame(0.0, 0, image)
            if detector.detect(frame):
                guess = network.look(frame)
                seen += 1
                named += guess.index != 0 and guess.confidence >= given.threshold
        rate = f"{named / seen:.2%}, 95 % bound {rate_bound(named, seen):.2%}" if seen else "no faces"
        print(f"{data.name}: {named} of {seen} pictures with a face are given somebody's name ({rate})")


def _pictures(data: Path) -> Iterator[Image]:
    files = sorted(data.rglob("*")) if data.is_dir() else [data]
    for file in tqdm(files, desc=data.name, disable=None, leave=False):
        if file.suffix.lower() in VIDEOS:
            yield from _frames(file)
        elif file.suffix.lower() in PICTURES and (image := read_picture(file)) is not None:
            yield _set_back(image)


def _frames(clip: Path) -> Iterator[Image]:
    recording = Recording(clip)
    try:
        while (frame := recording.read()) is not None:
            if frame.seq % EVERY == 0:
                yield frame.image
    finally:
        recording.close()


def _set_back(photo: Image) -> Image:
    """With a margin as wide as half the photo all around: a portrait's face fills more than a door's camera shows."""
    height, width = (side // 2 for side in photo.shape[:2])
    return np.pad(photo, ((height, height), (width, width), (0, 0)), mode="edge")


if __name__ == "__main__":
    main()
