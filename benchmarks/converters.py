"""Int8 and dynamic range by three converters, of the same trained networks, photos and run, against the float network.

edgegate's own; TensorFlow's, as its guide to post-training quantization has it; and ai-edge-quantizer, by its own
recipes, calibrated on all the same pictures. Agreement is on held-out pictures; milliseconds are the best of turns that
the converters take. Writes benchmarks/out/converters.json.

    python benchmarks/converters.py                        trains two networks of courses first (six minutes)
    python benchmarks/converters.py MODEL.keras DATASET    a network that `train` wrote
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from converter.data.dataset import Dataset, load_dataset
from converter.evaluation.fidelity import HeldOut, held_out
from converter.networks.contract import Reading, contract
from converter.networks.interface import network
from converter.networks.trained import load_model, size_of
from converter.tflite import runtime
from converter.tflite.answers import Answers, iou, of_keras
from converter.tflite.calibration import from_training
from converter.tflite.quantize import quantize
from edgegate.errors import EdgegateError
from edgegate.types import Image
from tests.support.converter.course_networks import COURSES, read_split, train
from tests.support.converter.course_photos import write_course

OUT = Path(__file__).parent / "out" / "converters.json"
NETWORKS: Mapping[str, Reading] = {
    "sigmoid": Reading(0, 1, "probability", (0, 1), "0..1"),
    "mobilenetv2": Reading(0, 1, "probabilities", (0, 1), "0..1"),
}
"""Names of course_networks.COURSES, and how they are read."""
ROUNDS = 3
MISSING = "not installed: pip install ai-edge-quantizer, beside '.[train]'"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=Path, metavar="MODEL.keras")
    parser.add_argument("dataset", nargs="?", type=Path, metavar="DATASET")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, model, dataset in networks(args.model, args.dataset, Path(folder)):
            rows += [{"network": name, **row} for row in compare(model, dataset, Path(folder))]
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    for row in rows:
        print(*(f"{value:.3f}" if isinstance(value, float) else value for value in row.values()), sep=" | ")
    return 0


def networks(model: Path | None, dataset: Path | None, folder: Path) -> Iterator[tuple[str, Any, Dataset]]:
    """Name, keras.Model and dataset of each; those that are trained here, one after the other."""
    if model is not None and dataset is not None:
        yield model.name, load_model(model), load_dataset(dataset)
        return
    photos = write_course(folder / "photos")
    for name, reading in NETWORKS.items():
        course = COURSES[name]
        trained = train(course, read_split(photos, "train", course.size, course.scale))
        yield name, contract(network(name, trained), reading), photos


def compare(model: Any, dataset: Dataset, folder: Path) -> list[dict[str, Any]]:
    """A row for each converter and variant."""
    width, height = size_of(model)
    pictures, truth = from_training(dataset, width, height=height), held_out(dataset, width, height)
    reference, rows, blobs = of_keras(model, truth.pictures), [], {}
    for name, convert in converters(model, pictures, folder).items():
        try:
            blobs[name] = convert()
        except ImportError:
            rows.append({"converter": name, "class": MISSING})
        except EdgegateError as error:
            rows.append({"converter": name, "class": str(error)})
    runs = {name: [runtime.run(blob, truth.pictures, 2) for _ in range(ROUNDS)] for name, blob in blobs.items()}
    return [measured(name, blobs[name], runs[name], reference, truth) for name in blobs] + rows


def measured(
    name: str, blob: bytes, runs: list[runtime.Run], reference: Answers, truth: HeldOut
) -> dict[str, str | float]:
    answers = runs[0].answers
    return {
        "converter": name,
        "class": float((answers.labels == reference.labels).mean()),
        "box": float(iou(answers.boxes, reference.boxes)[truth.boxed].mean()),
        "ms": min(run.latency_ms for run in runs),
        "MB": len(blob) / 1e6,
    }


def converters(model: Any, pictures: list[Image], folder: Path) -> dict[str, Callable[[], bytes]]:
    return {
        "edgegate dynamic": partial(quantize, model, "dynamic"),
        "TensorFlow dynamic": partial(by_tensorflow, model, ()),
        "ai-edge-quantizer dynamic": partial(by_ai_edge, model, (), folder),
        "edgegate int8": partial(quantize, model, "int8", pictures),
        "TensorFlow int8": partial(by_tensorflow, model, pictures),
        "ai-edge-quantizer int8": partial(by_ai_edge, model, pictures, folder),
    }


def by_tensorflow(model: Any, pictures: Any) -> bytes:
    """As https://www.tensorflow.org/lite/performance/post_training_quantization has it; without pictures dynamic."""
    import tensorflow as tf  # noqa: PLC0415 - heavy

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if pictures:
        converter.representative_dataset = lambda: ([one[None].astype(np.float32)] for one in pictures)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    blob: bytes = converter.convert()
    return blob


def by_ai_edge(model: Any, pictures: Any, folder: Path) -> bytes:
    """From the float .tflite; without pictures dynamic."""
    from ai_edge_quantizer import quantizer, recipe  # noqa: PLC0415 - may not be there

    source, target = folder / "float.tflite", folder / "quantized.tflite"
    source.write_bytes(quantize(model, "float32"))
    target.unlink(missing_ok=True)
    work = quantizer.Quantizer(str(source))
    if pictures:
        work.load_quantization_recipe(recipe.static_wi8_ai8())
        samples = [{"image": one[None].astype(np.float32)} for one in pictures]
        done = work.quantize(work.calibrate({"serving_default": samples}))
    else:
        work.load_quantization_recipe(recipe.dynamic_wi8_afp32())
        done = work.quantize()
    done.export_model(str(target))
    return target.read_bytes()


if __name__ == "__main__":
    raise SystemExit(main())
