"""Boxes that nobody has drawn: where the door's own face detector sees somebody."""

from __future__ import annotations

from functools import cache

from converter.data.compact import UnitBox
from edgegate.types import Image
from edgegate.vision.detect import BlazeFace
from edgegate.vision.packs import load_pack, shipped
from edgegate.vision.tflite import Model


def find_face(image: Image) -> UnitBox | None:
    """The largest face of a BGR picture, in 0…1 of it; None where the shipped detector finds none."""
    faces = detector().detect(image)
    if not faces:
        return None
    height, width = image.shape[:2]
    box = faces[0].box
    x1, x2 = max(box.x1 / width, 0.0), min(box.x2 / width, 1.0)
    y1, y2 = max(box.y1 / height, 0.0), min(box.y2 / height, 1.0)
    return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None


@cache
def detector() -> BlazeFace:
    return BlazeFace(Model(load_pack(shipped("face-detector"), "detector")))
