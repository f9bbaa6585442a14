"""A tracker's frame, side by side in one run: Keras as tutorials call it, compiled, and every .tflite variant.

Untrained weights: time and memory do not depend on them. Writes benchmarks/out/trackers.json. Each way runs in
processes of its own, bound to as many cores as it has threads; the ways take turns, and the best turn counts, since
whatever else the machine does only ever adds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from converter.compositions.portraits import varied_chips
from converter.tflite import runtime
from converter.tflite.probe import peak_megabytes
from edgegate.clock import SystemClock
from edgegate.types import Image
from edgegate.vision.preprocess import stretch

OUT = Path(__file__).parent / "out" / "trackers.json"
DESIGNS = ("tracker/vgg16",)
CLASSES = 3
SIZE = 120
PICTURES = 40
ROUNDS = 3
THREADS = (1, 2)
WARM_UP = 5

TARGETS = {"model.predict": 8.0, "tf.function": 4.0}
"""Factors by which the int8 vgg16 tracker is to be faster, on one core."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way to run one design. `memory_mb` is what it adds to a process that has NumPy."""

    design: str
    way: str
    threads: int
    milliseconds: float
    size_mb: float
    memory_mb: float


def main() -> int:
    options = _parser().parse_args()
    if options.keras:
        print(json.dumps(in_keras(options.keras, options.threads)))
        return 0
    rows = [row for design in options.designs for row in measure(design)]
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")
    print("\n".join(in_words(rows)))
    print(f"written to {OUT}")
    return 0 if all(reached for _, _, _, reached in ratios(rows)) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("designs", nargs="*", default=DESIGNS, help="of `converter architectures` (%(default)s)")
    parser.add_argument("--keras", type=Path, help=argparse.SUPPRESS)  # how this program starts itself
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    return parser


def measure(design: str) -> list[Row]:
    """Every way with every number of threads."""
    pictures = np.stack([stretch(chip, SIZE) for chip in varied_chips(PICTURES * 2, seed=1)])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        blobs = _convert(design, folder, pictures)
        np.save(folder / "pictures.npy", pictures[:PICTURES])
        turns = [
            turn
            for _ in tqdm(range(ROUNDS), desc=design, disable=None, leave=False)
            for threads in THREADS
            for turn in _turn(design, folder, blobs, pictures[:PICTURES], threads)
        ]
    return [_best(group) for group in _grouped(turns, lambda row: (row.threads, row.way))]


def _convert(design: str, folder: Path, pictures: Image) -> dict[str, bytes]:
    """The variants; the Keras model is left in the folder."""
    from converter.architectures import build  # noqa: PLC0415 - with the next: heavy
    from converter.tflite.quantize import quantize  # noqa: PLC0415
    from converter.tflite.variants import VARIANTS  # noqa: PLC0415

    model = build(design, classes=CLASSES, input_size=SIZE)
    model.save(folder / "model.keras")
    return {variant: quantize(model, variant, pictures) for variant in VARIANTS}


def _turn(design: str, folder: Path, blobs: dict[str, bytes], pictures: Image, threads: int) -> Iterator[Row]:
    size = (folder / "model.keras").stat().st_size / 1e6
    with cores(threads):
        call = [sys.executable, __file__, "--keras", str(folder), "--threads", str(threads)]
        done = subprocess.run(call, check=True, capture_output=True, text=True)
        keras = json.loads(done.stdout.splitlines()[-1])
        for way in ("model.predict", "tf.function"):
            yield Row(design, way, threads, keras[way], size, keras["memory_mb"])
        for variant, blob in blobs.items():
            run = runtime.run(blob, pictures, CLASSES, threads=threads)
            yield Row(design, f"tflite {variant}", threads, run.latency_ms, len(blob) / 1e6, run.memory_mb)


def in_keras(folder: Path, threads: int) -> dict[str, float]:
    """Median milliseconds of a frame, batch 1, both ways; for a process of its own."""
    pictures = np.load(folder / "pictures.npy").astype(np.float32)
    before = peak_megabytes()
    import keras  # noqa: PLC0415 - its memory is part of what is measured
    import tensorflow as tf  # noqa: PLC0415

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    model = keras.models.load_model(folder / "model.keras", compile=False)
    call = tf.function(lambda image: model(image, training=False))

    def compiled(image: Image) -> Any:
        return {name: value.numpy() for name, value in call(tf.constant(image)).items()}

    times = {
        "model.predict": _median_ms(lambda image: model.predict(image, verbose=0), pictures),
        "tf.function": _median_ms(compiled, pictures),
    }
    return times | {"memory_mb": peak_megabytes() - before}


def _median_ms(answer: Callable[[Any], Any], pictures: Any) -> float:
    clock = SystemClock()
    for picture in pictures[:WARM_UP]:
        answer(picture[np.newaxis])
    samples = []
    for picture in pictures:
        started = clock.monotonic()
        answer(picture[np.newaxis])
        samples.append((clock.monotonic() - started) * 1000)
    return statistics.median(samples)


@contextmanager
def cores(count: int) -> Iterator[None]:
    """Runs what is started in the block on the first `count` cores that this process may use."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _grouped(rows: Sequence[Row], key: Callable[[Row], tuple[int, str]]) -> list[list[Row]]:
    groups: dict[tuple[int, str], list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return list(groups.values())


def _best(rows: Sequence[Row]) -> Row:
    return min(rows, key=lambda row: row.milliseconds)


def ratios(rows: Sequence[Row]) -> Iterator[tuple[str, float, float, bool]]:
    """Way, how many times faster int8 vgg16 is on one core, its target, and whether that is reached."""
    one = {row.way: row.milliseconds for row in rows if row.design == "tracker/vgg16" and row.threads == 1}
    for way, target in TARGETS.items() if one else ():
        ratio = one[way] / one["tflite int8"]
        yield way, ratio, target, ratio >= target


def in_words(rows: Sequence[Row]) -> Iterator[str]:
    yield f"{'design':26} {'way':16} {'threads':>7} {'ms':>8} {'MB':>7} {'RAM MB':>7}"
    for row in rows:
        figures = f"{row.milliseconds:8.2f} {row.size_mb:7.2f} {row.memory_mb:7.0f}"
        yield f"{row.design:26} {row.way:16} {row.threads:7} {figures}"
    for way, ratio, target, reached in ratios(rows):
        yield f"int8 vgg16 is {ratio:.1f} x faster than {way}: {'within' if reached else 'LESS THAN'} {target:g} x"


if __name__ == "__main__":
    sys.exit(main())
