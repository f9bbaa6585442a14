"""The test set as packs of one task see it: whole photos, or the faces in them, cut out as each card says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converter.data.cutting import cutter, face_of
from converter.data.dataset import Dataset, Sample
from converter.data.people import WHOLE
from converter.evaluation.fidelity import HeldOut, held_out
from converter.tflite.calibration import picture
from edgegate.errors import UsageError
from edgegate.system.progress import progress
from edgegate.types import UNKNOWN_CLASS, Image
from edgegate.vision.packs import Pack, load_pack
from edgegate.vision.preprocess import stretch


@dataclass(frozen=True, slots=True, eq=False)
class TestedPack:
    """A pack, its name in tables, and what it sees of the test set."""

    pack: Pack
    name: str
    truth: HeldOut


def open_packs(folders: Sequence[Path], dataset: Dataset) -> list[TestedPack]:
    """Loads packs; raises UsageError where they are not of one task, and ModelError."""
    packs = [load_pack(folder, "tracker", "classifier", "embedder") for folder in folders]
    other = next((pack for pack in packs if pack.task != packs[0].task), None)
    if other is not None:
        raise UsageError(
            f"{other.folder}: is of task {other.task}, and {packs[0].folder} of {packs[0].task}: these do not compare; "
            "name packs of one task"
        )
    names = [folder.resolve().name for folder in folders]
    shown = names if len(set(names)) == len(names) else [str(folder) for folder in folders]
    seen = _seen(packs, dataset)
    return [TestedPack(pack, name, truth) for pack, name, truth in zip(packs, shown, seen, strict=True)]


def _seen(packs: Sequence[Pack], dataset: Dataset) -> list[HeldOut]:
    """The test set as each pack sees it: of faces, those that every pack can have."""
    if packs[0].task == "tracker":
        return [held_out(dataset, pack.input.width, pack.input.height) for pack in packs]
    # Strangers are many people under one label, so that they make no pairs.
    least = UNKNOWN_CLASS + 1 if packs[0].task == "embedder" else UNKNOWN_CLASS
    samples = [one for one in dataset.splits["test"] if one.box is not None and one.label >= least]
    faces = [[_face(sample, pack) for sample in progress(samples, "cutting out", "face")] for pack in packs]
    kept = [index for index in range(len(samples)) if all(of_pack[index] is not None for of_pack in faces)]
    if not kept:
        raise UsageError("the dataset has no test images with a face that can be cut out; prepare it with more photos")
    return [_truth([samples[i] for i in kept], [of_pack[i] for i in kept]) for of_pack in faces]


def _face(sample: Sample, pack: Pack) -> Image | None:
    """The face as the pack's input, RGB; of a dataset of faces the picture as it is."""
    size = pack.input.width, pack.input.height
    if sample.box == WHOLE:
        return picture(str(sample.image), *size)
    face = face_of(sample, cutter(pack.input))
    return None if face is None else stretch(face, *size)


def _truth(samples: Sequence[Sample], pictures: Sequence[Image | None]) -> HeldOut:
    return HeldOut(
        tuple(samples),
        np.stack([one for one in pictures if one is not None]),
        np.array([sample.label for sample in samples], np.int64),
        np.array([sample.box or (0, 0, 0, 0) for sample in samples], np.float32),
        np.array([sample.box is not None for sample in samples]),
    )
