"""Cuts the faces out of photos, all of one size, for classifiers that look at faces only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from converter.data.folders import new_folder
from converter.data.pictures import LOSSLESS, encode, shrunk
from converter.data.problems import DataError, Problem
from edgegate.enrol import LONGEST_SIDE, PICTURES, read_picture
from edgegate.errors import UsageError
from edgegate.system.progress import progress
from edgegate.types import Image
from edgegate.vision.detect import Detector
from edgegate.vision.faces import Face
from edgegate.vision.preprocess import cut_out

MARGIN = 0.2
"""The usual room around a face's box, as a share of its larger side."""

SWEEP = (15.0, -15.0, 30.0, -30.0, 45.0, -45.0, 60.0, -60.0)
"""Degrees to turn a photo by: detectors know upright faces, and find tilted ones badly or elsewhere."""

_NO_FACE = (
    "use a photo where the face is large, try the other detector or --sweep, or leave such photos out with --skip"
)


class Cropper:
    """`margin` is the room left around the face's box, as a share of its larger side."""

    def __init__(
        self, detector: Detector, *, size: int = 224, margin: float = MARGIN, angles: Sequence[float] = ()
    ) -> None:
        self._detector = detector
        self._size = size
        self._margin = margin
        self._angles = angles

    def crop(self, image: Image) -> Image | None:
        """The largest face of a BGR picture as (size, size, 3); None if there is none.

        With `angles`, the face and the turn of the picture where it looks surest and most upright.
        """
        views = [image, *(turned(image, angle) for angle in self._angles)]
        found = [(view, faces[0]) for view in views if (faces := self._detector.detect(view))]
        if not found:
            wide = with_margin(image)  # a face that fills the picture is found so
            found = [(wide, face) for face in self._detector.detect(wide)[:1]]
        best = max(found, key=lambda one: _upright(one[1]), default=None)
        return None if best is None else cut_out(best[0], best[1].box, self._size, self._margin)


def _upright(face: Face) -> float:
    """The detector's score, less the tilt of the line between the eyes in right angles."""
    across = face.keypoints[1] - face.keypoints[0]
    return face.score - abs(math.degrees(math.atan2(across[1], across[0]))) / 90


def with_margin(image: Image) -> Image:
    edge = max(image.shape[:2]) // 2
    return np.asarray(cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_REPLICATE), np.uint8)


def turned(image: Image, degrees: float) -> Image:
    """The picture turned counterclockwise about its middle, on a canvas that holds all of it."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = round(width * cosine + height * sine), round(width * sine + height * cosine)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return np.asarray(cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def crop_folder(photos: Path, out: Path, cropper: Cropper, *, skip: bool = False) -> tuple[int, tuple[Problem, ...]]:
    """A crop for every photo below `photos`, in the same subfolders of the new folder `out`.

    Returns how many there are, and the photos without a face that `skip` left out. Raises UsageError, and DataError
    with every photo that cannot be read or shows no face; nothing is written then.
    """
    files = [path for path in sorted(photos.rglob("*")) if path.suffix.lower() in PICTURES]
    if not files:
        raise UsageError(f"{photos}: there are no photos in it")
    if out.resolve().is_relative_to(photos.resolve()):
        raise UsageError(f"{out}: is inside {photos}, and would be read as photos the next time; put it elsewhere")
    unreadable: list[Problem] = []
    faceless: list[Problem] = []
    with new_folder(out) as draft:
        for file in progress(files, "cutting out faces", "photo"):
            image = read_picture(file)
            if image is None:
                unreadable.append(Problem(file, "it cannot be read as a picture", "replace it, or remove it"))
            elif (crop := cropper.crop(shrunk(image, LONGEST_SIDE))) is None:
                faceless.append(Problem(file, "no face was found", _NO_FACE))
            else:
                _write(draft / file.relative_to(photos), crop)
        if unreadable or (faceless and not skip) or len(faceless) == len(files):
            raise DataError([*unreadable, *faceless])
    return len(files) - len(faceless), tuple(faceless)


def _write(path: Path, crop: Image) -> None:
    content, suffix = encode(crop, lossless=path.suffix.lower() in LOSSLESS)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The whole name is kept: x.jpg and x.webp beside each other are two photos.
    path.with_name(path.name if path.suffix.lower() == suffix else path.name + suffix).write_bytes(content)
