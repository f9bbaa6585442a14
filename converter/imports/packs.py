"""`converter import packs`: builds the packs that the package ships, or checks that they can be built again."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from tqdm import tqdm

from converter.compositions.portraits import varied_chips
from converter.imports.dlib import face_embedder
from converter.imports.mediapipe import face_detector, face_landmarks
from converter.packs import Draft, agreement, write
from edgegate.errors import EdgegateError, ModelError
from edgegate.types import Image
from edgegate.vision.packs import Pack, load_pack
from edgegate.vision.preprocess import letterbox
from edgegate.vision.tflite import Model

SHIPPED = Path(__file__).parents[2] / "edgegate" / "models"
MIN_COSINE = 0.9999

IMPORTERS: Mapping[str, Callable[[Path], Draft]] = {
    "face-detector": face_detector,
    "face-landmarks": face_landmarks,
    "face-embedder": face_embedder,
}


def import_packs(out: Path, cache: Path) -> list[Pack]:
    """Build every pack and write it below `out`; raises EdgegateError."""
    return list(_built(out, cache))


def _built(out: Path, cache: Path) -> Iterator[Pack]:
    if importlib.util.find_spec("tensorflow") is None:
        raise EdgegateError(
            "TensorFlow is not installed, and rebuilding needs it; from a clone, pip install '.[train]'"
        )
    for build in tqdm(IMPORTERS.values(), desc="packs", disable=None, leave=False):
        draft = build(cache)
        pack = load_pack(write(draft, out), draft.task)
        Model(pack)  # proves itself
        yield pack


def check_packs(shipped: Path, cache: Path) -> Iterator[str]:
    """Rebuild and compare with the shipped packs: a line for each that agrees, ModelError at one that does not."""
    with tempfile.TemporaryDirectory() as folder:
        for rebuilt in _built(Path(folder), cache):
            name = rebuilt.folder.name
            one, other = Model(load_pack(shipped / name, rebuilt.task)), Model(rebuilt)
            worst = min(agreement(one, other, _pictures(one)).values())
            if not worst >= MIN_COSINE:
                raise ModelError(
                    f"model pack {name}: rebuilt, its output agrees with the shipped one only to a cosine of "
                    f"{worst:.6f}, below {MIN_COSINE}; find out what changed before shipping either"
                )
            yield f"{name}: rebuilt, cosine to the shipped pack {worst:.6f}"


def _pictures(model: Model) -> Iterator[Image]:
    with np.load(model.pack.golden) as golden:
        yield from golden["input"]
    for chip in varied_chips(6, seed=3):
        yield letterbox(chip, model.pack.input.width)[0]
