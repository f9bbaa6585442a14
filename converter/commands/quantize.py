"""`converter quantize`: a trained Keras model to a .tflite; int8 is calibrated on the dataset's training images."""

from __future__ import annotations

import argparse
from pathlib import Path

from converter.data.dataset import load_dataset
from converter.tflite.calibration import DEFAULT_PICTURES, from_training
from converter.tflite.quantize import quantize
from converter.tflite.variants import VARIANTS
from edgegate.cli.common import existing
from edgegate.cli.options import count
from edgegate.cli.parser import Commands
from edgegate.system import output_files
from edgegate.system.terminal import print_json


def add(commands: Commands) -> None:
    parser = commands.add_parser("quantize", help="a trained model to a .tflite", description=__doc__)
    parser.show(
        "python -m converter quantize run/model.keras dataset --out tracker.tflite",
        "python -m converter quantize run/model.keras dataset --out tracker.tflite --variant float32",
    )
    parser.add_argument("model", type=Path, metavar="MODEL.keras", help="what train wrote")
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="the dataset it was trained on")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.tflite", help="where to write it")
    parser.add_argument("--variant", choices=VARIANTS, default="dynamic", help="(%(default)s)")
    parser.add_argument(
        "--images", type=count, default=DEFAULT_PICTURES, metavar="N", help="to calibrate int8 on (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from converter.networks.trained import load_model, size_of  # noqa: PLC0415 - heavy

    dataset = load_dataset(args.dataset)
    model = load_model(existing(args.model, "model"))
    width, height = size_of(model)
    pictures = from_training(dataset, width, args.images, height=height) if args.variant == "int8" else []
    blob = quantize(model, args.variant, pictures)
    with output_files.binary(args.out, shared=True) as file:
        file.write(blob)
    if args.json:
        print_json({"file": str(args.out), "variant": args.variant, "bytes": len(blob), "calibrated_on": len(pictures)})
    else:
        print(f"{args.out}: {args.variant}, {len(blob) / 1e6:.2f} MB")
    return 0
