"""Conversion without photos: what can be checked is that the .tflite answers as the network did, on a few portraits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from converter import packs
from converter.architectures.backbone import Task
from converter.build.conversion import TrainedNetwork
from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER, read
from converter.tflite import guards, runtime
from converter.tflite.answers import Answers, iou, outputs_of_keras, shapes
from converter.tflite.quantize import quantize
from converter.tflite.variants import Variant
from edgegate.errors import ModelError, UsageError
from edgegate.types import Image
from edgegate.vision.preprocess import stretch

MOST_OFF, LEAST_IOU = 0.1, 0.8
"""Of probabilities, and of boxes, from which on an answer is not the network's any more."""


def convert_unmeasured(
    trained: TrainedNetwork,
    classes: tuple[str, ...],
    variants: Sequence[Variant],
    pictures: Image,
    out: Path,
    tell: Callable[[str], None],
) -> Path:
    """Write the pack of the first variant that answers as the network does; raises ModelError where none does."""
    if "int8" in variants:
        raise UsageError(
            "--variants int8: its ranges are measured on photos; give some with --photos, or choose dynamic"
        )
    model = trained.load()
    reference = Answers.of(outputs_of_keras(model, pictures))
    reasons = []
    for variant in variants:
        try:
            blob = quantize(model, variant)
            off = _differs(variant, blob, pictures, reference)
        except ModelError as error:
            reasons.append(str(error))
            continue
        tell(f"{variant}: answers as the network does on {len(pictures)} pictures ({off})")
        tell("NOTHING WAS MEASURED: no photos were given, so nobody knows how often it is right")
        draft = packs.Draft(
            name=trained.name,
            task=trained.task,
            blob=blob,
            input=trained.input,
            outputs=shapes(trained.task, len(classes)),
            licence=trained.licence,
            origin=trained.origin,
            probe=pictures[0],
            report={"grade": "unmeasured", "variant": variant},
            labels=classes,
        )
        folder = packs.write(draft, out)
        tell(f"pack: {folder}; the daemon takes it only by name, as recognition.accept_failed_grade")
        return folder
    raise ModelError(f"{trained.name}: no variant answers as the network does: {'; '.join(reasons)}")


def _differs(variant: Variant, blob: bytes, pictures: Image, reference: Answers) -> str:
    """The distance of the answers from the network's, in words; raises ModelError where it is too far."""
    task: Task = "tracker" if reference.boxed else "classifier"
    answers = runtime.run(blob, pictures, reference.classes.shape[1], task=task).answers
    guards.check_input(blob, variant)
    guards.check_answers(variant, answers, reference)
    off = float(np.abs(answers.classes - reference.classes).max())
    said = f"probabilities off by {off:.4f} at most"
    if off > MOST_OFF:
        raise ModelError(f"{variant}: {said}")
    if not reference.boxed:
        return said
    sound = (reference.boxes[:, 2:] - reference.boxes[:, :2] > 0.02).all(axis=1)
    if not sound.any():
        return said
    overlap = float(iou(answers.boxes, reference.boxes)[sound].mean())
    if overlap < LEAST_IOU:
        raise ModelError(f"{variant}: its boxes overlap the network's by {overlap:.2f} only")
    return f"{said}, box IoU {overlap:.3f}"


def portraits(width: int, height: int) -> Image:
    """Pictures (12, height, width, 3) RGB: parts of two portraits, lighter and darker, and turned around."""
    pictures = []
    for portrait in (ASTRONAUT, GRACE_HOPPER):
        image = read(portrait)
        for share in (1.0, 0.8, 0.6):
            part = image[: int(image.shape[0] * share), int(image.shape[1] * (1 - share) / 2) :]
            pictures.append(stretch(np.ascontiguousarray(part), width, height))
            pictures.append(np.asarray(pictures[-1][:, ::-1] * share, np.uint8))
    return np.stack(pictures)
