"""Short recordings of a door, made at test time from two portraits: stills of the demo's corridor, held for a while.

A scene is a script of (still, seconds). Between two stills there is a hard cut; within one, only the sensor's noise
changes. Everything is seeded, so that every run makes the same files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from edgegate.demo import scene
from edgegate.demo.backdrop import SIZE
from edgegate.demo.portraits import ASTRONAUT, HOPPER, DemoPortrait
from edgegate.demo.scene import Mark, Walk
from edgegate.types import Image

FPS = 10
NOISE = 2  # grey levels either way

ENROLLED, STRANGER = ASTRONAUT, HOPPER

Standing: TypeAlias = tuple[DemoPortrait, float, float]
"""A person, x of the middle of the face and its width, in pixels of 640x480."""

Script: TypeAlias = Sequence[tuple[str, float]]

STILLS: Mapping[str, Sequence[Standing]] = {
    "nobody": (),
    "far": ((ENROLLED, 300, 70),),
    "enrolled": ((ENROLLED, 310, 120),),
    "stranger": ((STRANGER, 310, 120),),
    "enrolled in front": ((STRANGER, 450, 80), (ENROLLED, 200, 120)),
    "stranger in front": ((ENROLLED, 450, 80), (STRANGER, 200, 120)),
}

SCENES: Mapping[str, Script] = {
    "empty": [("nobody", 2.5)],
    "enrolled": [("nobody", 0.5), ("far", 0.3), ("enrolled", 1.0), ("nobody", 0.5)],
    "stranger": [("nobody", 0.5), ("stranger", 2.0), ("nobody", 0.5)],
    "enrolled-then-stranger": [("enrolled", 1.0), ("nobody", 1.5), ("stranger", 2.0)],
    "stranger-then-enrolled": [("stranger", 2.0), ("nobody", 1.5), ("enrolled", 1.0)],
    # A hard cut in the same place: a person who steps into a track inherits neither its evidence nor its grant.
    "stepped-in-before-the-decision": [("enrolled", 0.4), ("stranger", 2.0)],
    "stepped-in-after-the-grant": [("enrolled", 1.0), ("stranger", 2.0)],
    "back-before-rearm": [("enrolled", 1.0), ("nobody", 1.5), ("enrolled", 1.0)],
    "back-after-rearm": [("enrolled", 1.0), ("nobody", 4.0), ("enrolled", 1.0)],
    "enrolled-in-front": [("enrolled in front", 1.2)],
    "stranger-in-front": [("stranger in front", 2.0)],
}
"""Scripts of the golden decisions in tests/replays, which are made with `REARM_SECONDS`."""

REARM_SECONDS = 2.0

# As edgegate.camera does; FFmpeg reads it when a process opens its first video, and here that may be one of ours.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

_CODECS = {".avi": "MJPG", ".mkv": "mp4v", ".mp4": "mp4v"}


def write_scene(path: Path, script: Script) -> Path:
    """Write a scene; the suffix of `path` chooses the format. An .avi keeps faces as they are."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*_CODECS[path.suffix]), FPS, SIZE)
    assert writer.isOpened()
    for image in frames(script):
        writer.write(image)
    writer.release()
    return path


def frames(script: Script) -> Iterator[Image]:
    noise = np.random.default_rng(1)
    for still, seconds in script:
        picture = stills()[still]
        for _ in range(round(seconds * FPS)):
            grain = noise.integers(-NOISE, NOISE + 1, picture.shape, np.int8)
            yield np.asarray(cv2.add(picture, grain, dtype=cv2.CV_8U), np.uint8)


@cache
def stills() -> dict[str, Image]:
    """Every still, by name: each is one frame of a single pass of the demo's renderer."""
    cut_outs = {portrait: portrait.cut_out() for portrait in (ENROLLED, STRANGER)}
    walks = [
        Walk(cut_outs[portrait], (Mark(index / scene.FPS, x, width), Mark((index + 1) / scene.FPS, x, width)))
        for index, standing in enumerate(STILLS.values())
        for portrait, x, width in standing
    ]
    return dict(zip(STILLS, scene.frames(walks), strict=False))


def cut_off(path: Path, share: float) -> Path:
    """A copy of a file that broke off after `share` of its bytes."""
    content = path.read_bytes()
    shorter = path.with_stem(f"{path.stem}-cut")
    shorter.write_bytes(content[: int(len(content) * share)])
    return shorter
