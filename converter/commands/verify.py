"""`converter verify`: does a .tflite answer like the trained model, and well enough, on images held out?

Exit status 1 if it misses a budget, or cannot be used at all.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from converter.data.dataset import load_dataset
from converter.evaluation.budgets import Budgets
from converter.evaluation.fidelity import HeldOut, held_out, verify
from converter.evaluation.pairs import verify_pairs
from converter.recipe.recipe import load_recipe
from edgegate.cli.common import existing
from edgegate.cli.parser import Commands
from edgegate.system.terminal import print_json


def add(commands: Commands) -> None:
    parser = commands.add_parser("verify", help="compare a .tflite with its model", description=__doc__)
    add_sources(parser)
    parser.show(
        "python -m converter verify run/model.keras dataset tracker.tflite",
        "python -m converter verify run/model.keras dataset tracker.tflite --recipe mine.toml --json",
    )
    parser.add_argument("tflite", type=Path, metavar="FILE.tflite", help="what quantize wrote")
    parser.set_defaults(run=run)


def add_sources(parser: argparse.ArgumentParser) -> None:
    """The options that verify and report have in common."""
    parser.add_argument("model", type=Path, metavar="MODEL.keras", help="the trained model")
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="whose test images are used")
    parser.add_argument("--recipe", type=Path, metavar="RECIPE.toml", help="whose budgets hold (else the defaults)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    from converter.tflite.answers import outputs_of_keras  # noqa: PLC0415 - with the next: heavy

    budgets = budgets_of(args)
    model, truth = open_sources(args)
    blob = existing(args.tflite, "file").read_bytes()
    check = verify_pairs if "embedding" in model.output else verify
    verified = check(args.tflite.stem, blob, outputs_of_keras(model, truth.pictures), truth, budgets)
    if args.json:
        print_json(verified.as_json())
    else:
        for name, value in verified.as_json()["figures"].items():
            print(f"{name:20} {value:.4g}" if isinstance(value, float) else f"{name:20} {value}")
        for miss in verified.misses:
            print(f"missed: {miss}")
    return 0 if verified.passed else 1


def budgets_of(args: argparse.Namespace) -> Budgets:
    return Budgets() if args.recipe is None else load_recipe(args.recipe).budgets


def open_sources(args: argparse.Namespace) -> tuple[Any, HeldOut]:
    """The Keras model, and the test images of its input's size."""
    from converter.networks.trained import load_model, size_of  # noqa: PLC0415 - heavy

    dataset = load_dataset(args.dataset)
    model = load_model(existing(args.model, "model"))
    return model, held_out(dataset, *size_of(model))
