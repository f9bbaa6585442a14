"""From pictures with a box around the face to pictures of the face alone, as the daemon will cut or align them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np

from converter.data.dataset import SPLITS, Dataset, Sample, load_dataset, writing
from converter.data.faces import detector
from converter.data.people import WHOLE
from converter.data.pictures import encode
from edgegate.enrol import read_picture
from edgegate.errors import EdgegateError
from edgegate.system.progress import progress
from edgegate.types import Box, Image
from edgegate.vision.align import TEMPLATES, align
from edgegate.vision.landmarks import Landmarker
from edgegate.vision.packs import InputSpec, load_pack, shipped
from edgegate.vision.preprocess import cut_out
from edgegate.vision.tflite import Model

Cut: TypeAlias = "Callable[[Image, Box], Image | None]"
"""From a BGR picture and the face's box to the face as BGR (size, size, 3); None where it cannot be had."""

_SAME = 0.2
"""Overlap with the labelled box from which on a detected face is the one that was labelled."""


def cutter(spec: InputSpec) -> Cut:
    """Returns how the daemon makes a face the input of a model of that card."""
    if spec.margin is None:
        return _aligner(spec.template)
    margin = spec.margin
    return lambda image, box: cut_out(image, box, max(spec.width, spec.height), margin)


def cut_dataset(dataset: Dataset, out: Path, cut: Cut) -> tuple[Dataset, int]:
    """A new dataset of the faces alone; and how many are left out, for they could not be cut.

    Pictures of nobody are left out too. Raises UsageError if `out` is there, EdgegateError for unreadable pictures.
    """
    lost = 0
    with writing(out, dataset.classes, dataset.seed) as writer:
        for split in SPLITS:
            for sample in progress(dataset.splits[split], f"cutting out faces of {split}", "picture"):
                if sample.box is None:
                    continue
                face = face_of(sample, cut)
                if face is None:
                    lost += 1
                    continue
                content, suffix = encode(face, lossless=True)
                row = Sample(sample.image, sample.label, WHOLE, sample.group, sample.camera)
                writer.add(split, row, content, suffix)
    return load_dataset(out), lost


def face_of(sample: Sample, cut: Cut) -> Image | None:
    """The face alone, BGR; None where there is none, or it cannot be cut out. Raises EdgegateError as `cut_dataset`."""
    if sample.box is None:
        return None
    image = read_picture(sample.image)
    if image is None:
        raise EdgegateError(f"{sample.image}: cannot be read as a picture; make the dataset again")
    (height, width), box = image.shape[:2], sample.box
    return cut(image, Box(box[0] * width, box[1] * height, box[2] * width, box[3] * height))


def _aligner(name: str) -> Cut:
    template = TEMPLATES[name]

    def aligned(image: Image, box: Box) -> Image | None:
        face = max(detector().detect(image), key=lambda one: one.box.iou(box), default=None)
        if face is None or face.box.iou(box) < _SAME:
            return None
        mesh = _landmarker().locate(image, face.box, face.keypoints)
        return np.ascontiguousarray(align(image, template.of_mesh(mesh.points), template)[..., ::-1])

    return aligned


@cache
def _landmarker() -> Landmarker:
    return Landmarker(Model(load_pack(shipped("face-landmarks"), "landmarks")))
