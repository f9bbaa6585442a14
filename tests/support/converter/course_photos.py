"""Photos as a course has them taken: one person before a webcam, her face a third of the picture; and other people.

She keeps her suit on, and others have her shape in other colours: a network that sees red for blue takes one for the
other.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from converter.compositions.people import stranger_faces
from converter.compositions.picture import PersonCutout
from converter.compositions.portraits import ASTRONAUT as PLACE
from converter.compositions.practice import _Studio
from converter.data.dataset import Dataset, Sample, load_dataset, writing
from edgegate.demo.portraits import ASTRONAUT
from edgegate.types import Box, Image

SIDE = 128
PERSON = "Eileen Collins"
COUNTS = {"train": 260, "valid": 20, "test": 44}
"""Pictures of each class in each split."""
EMPTY = 5
"""Of class 0, one in so many is of nobody."""


def write_course(folder: Path, *, seed: int = 2, counts: dict[str, int] | None = None) -> Dataset:
    """A dataset of two classes, as many pictures of each; the strangers of one split are in no other."""
    studio, rng = _Studio(seed), np.random.default_rng(seed)
    cutout = ASTRONAUT.cut_out()
    person = PersonCutout(np.asarray(cutout.image, np.float32), cutout.alpha, PLACE.box)
    double = PersonCutout(person.picture[..., ::-1].copy(), cutout.alpha, PLACE.box)
    strangers = stranger_faces()
    with writing(folder, ("unknown", PERSON), seed) as writer:
        for part, (split, count) in enumerate((counts or COUNTS).items()):
            for index in range(count):
                faces = strangers[part::3]
                drawn = double if index % 4 == 1 else studio.stranger(faces[index % len(faces)][1])
                other = drawn if index % EMPTY else None
                for label, who in enumerate((other, person)):
                    content, box = studio.photo(who, studio.room())
                    seen = np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), 1), np.uint8)
                    picture, unit = _before_the_webcam(seen, box, rng)
                    name = f"{split}-{label}-{index}"
                    sample = Sample(Path(name), label, unit, name)
                    writer.add(split, sample, cv2.imencode(".jpg", picture)[1].tobytes(), ".jpg")  # type: ignore[arg-type]
    return load_dataset(folder)


def _before_the_webcam(
    picture: Image, box: Box | None, rng: np.random.Generator
) -> tuple[Image, tuple[float, float, float, float] | None]:
    """A square part of the picture with the face somewhere in it, and where."""
    height, width = picture.shape[:2]
    if box is None:
        return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8), None
    side = min(height, width, max(box.width, box.height) / rng.uniform(0.3, 0.55))
    left = np.clip(box.x1 - rng.uniform(0, 1) * (side - box.width), 0, width - side)
    top = np.clip(box.y1 - rng.uniform(0, 1) * (side - box.height), 0, height - side)
    part = picture[int(top) : int(top + side), int(left) : int(left + side)]
    unit = tuple(float(np.clip(value, 0, 1)) for value in (
        (box.x1 - left) / side, (box.y1 - top) / side, (box.x2 - left) / side, (box.y2 - top) / side,
    ))  # fmt: skip
    small = cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), (unit[0], unit[1], unit[2], unit[3])
