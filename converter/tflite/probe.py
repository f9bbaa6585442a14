"""`python -m converter.tflite.probe FOLDER`: one .tflite over many pictures, in the daemon's own runtime module.

A process of its own, for some damaged files do not raise but take the interpreter with them; `runtime` starts it.
FOLDER holds `model.tflite`, `pictures.npy` (n, height, width, 3) and `task.json` {"task", "count", "threads"}; on
success `answers.npz` and `cost.json` are written there. It never imports TensorFlow, so that its memory is that of the
daemon.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from converter.tflite.answers import shapes
from edgegate.clock import SystemClock
from edgegate.errors import EdgegateError
from edgegate.types import Image
from edgegate.vision.packs import InputSpec, Pack
from edgegate.vision.tflite import Floats, Model

STATUS = Path("/proc/self/status")
WARM_UP = 3


def main(folder: Path) -> int:
    pictures = np.load(folder / "pictures.npy")
    task = json.loads((folder / "task.json").read_text("utf-8"))
    before = peak_megabytes()
    try:
        answers, milliseconds = _run(folder, pictures, shapes(task["task"], task["count"]), task)
    except EdgegateError as error:
        print(error, file=sys.stderr)
        return error.status
    np.savez(folder / "answers.npz", allow_pickle=False, **answers)
    cost = {"latency_ms": statistics.median(milliseconds), "memory_mb": peak_megabytes() - before}
    (folder / "cost.json").write_text(json.dumps(cost), "utf-8")
    return 0


def _run(
    folder: Path, pictures: Image, outputs: Mapping[str, tuple[int, ...]], task: Mapping[str, Any]
) -> tuple[dict[str, Floats], list[float]]:
    """Answers stacked by output name, and the milliseconds of each picture."""
    clock = SystemClock()
    height, width = pictures.shape[1:3]
    pack = Pack(folder, task["task"], "", InputSpec(width, height, 0, 255, "rgb"), outputs, "")
    model = Model(pack, threads=task["threads"], prove=False)
    for picture in pictures[:WARM_UP]:
        model.run(picture)
    answers, milliseconds = [], []
    for picture in pictures:
        started = clock.monotonic()
        answers.append(model.run(picture))
        milliseconds.append((clock.monotonic() - started) * 1000)
    return {name: np.concatenate([answer[name] for answer in answers]) for name in outputs}, milliseconds


def peak_megabytes() -> float:
    """The most memory this process has held so far, in MB; from Linux, where getrusage would count the parent's."""
    rows = dict(line.split(":", 1) for line in STATUS.read_text("ascii").splitlines())
    return int(rows["VmHWM"].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
