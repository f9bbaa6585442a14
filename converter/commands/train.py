"""`converter train`: a dataset to a trained network; after an interruption, or with more epochs, it goes on."""

from __future__ import annotations

import argparse
from pathlib import Path

from converter.data.dataset import load_dataset
from converter.training.history import SCHEDULES
from converter.training.lessons import EMPTY_BOXES, LOSSES
from converter.training.settings import TrainSettings
from converter.training.simple import LEARNERS
from converter.training.strategies import STRATEGIES
from converter.training.train import Trained, train
from edgegate.cli.options import count
from edgegate.cli.parser import Commands
from edgegate.system.terminal import print_json

DEFAULTS = TrainSettings()


def add(commands: Commands) -> None:
    parser = commands.add_parser("train", help="a dataset to a trained network", description=__doc__)
    parser.show(
        "python -m converter train dataset --out run",
        "python -m converter train dataset --out run --design classifier/cnn --epochs 40",
    )
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="folder that `prepare` or `augment` wrote")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of this run; it goes on there")
    _add_design(parser)
    _add_learning(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def _add_design(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("network")
    group.add_argument("--design", default=DEFAULTS.design, help="see `converter architectures` (%(default)s)")
    group.add_argument("--input-size", type=count, metavar="PIXELS", help="(the design's)")
    group.add_argument("--width", type=float, default=DEFAULTS.width, help="multiplier of filters (%(default)s)")
    group.add_argument("--head", type=count, metavar="UNITS", help="width of the heads' hidden layers (the design's)")
    group.add_argument("--weights", metavar="imagenet|none|FILE", help="to begin with (none)")
    group.add_argument(
        "--freeze",
        action="append",
        metavar="PREFIX",
        help="layers to leave as they are (the design's, where it begins with weights); may be repeated",
    )


def _add_learning(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("training")
    group.add_argument("--epochs", type=count, default=DEFAULTS.epochs, help="(%(default)s)")
    group.add_argument("--batch-size", type=count, default=DEFAULTS.batch_size, help="(%(default)s)")
    group.add_argument("--learning-rate", type=float, default=DEFAULTS.learning_rate, help="Adam's (%(default)s)")
    group.add_argument(
        "--learner", choices=LEARNERS, default=DEFAULTS.learner, help="Adam, or a simple model (%(default)s)"
    )
    group.add_argument("--loss", choices=LOSSES, default=DEFAULTS.loss, help="of embedders (%(default)s)")
    group.add_argument(
        "--empty-boxes", choices=EMPTY_BOXES, default=DEFAULTS.empty_boxes, help="of pictures of nobody (%(default)s)"
    )
    group.add_argument("--schedule", choices=SCHEDULES, default=DEFAULTS.schedule, help="of the rate (%(default)s)")
    group.add_argument(
        "--patience", type=count, default=DEFAULTS.patience, help="epochs without a better one (%(default)s)"
    )
    group.add_argument("--seed", type=int, default=DEFAULTS.seed, help="(%(default)s)")
    group.add_argument(
        "--strategy", choices=STRATEGIES, default=DEFAULTS.strategy, help="of tf.distribute (%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    settings = TrainSettings(
        design=args.design,
        input_size=args.input_size,
        width=args.width,
        head=args.head,
        weights=args.weights,
        frozen=None if args.freeze is None else tuple(args.freeze),
        learner=args.learner,
        loss=args.loss,
        empty_boxes=args.empty_boxes,
        epochs=args.epochs,
        batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        schedule=args.schedule,
        patience=args.patience,
        seed=args.seed,
        strategy=args.strategy,
    )
    _report(train(settings, load_dataset(args.dataset), args.out), as_json=args.json)
    return 0


def _report(trained: Trained, *, as_json: bool) -> None:
    if as_json:
        best = dict(trained.history[trained.best])
        print_json({"model": str(trained.model_path), "epochs": len(trained.history), "best": trained.best + 1} | best)
        return
    best_epoch = trained.history[trained.best]
    figures = ", ".join(
        f"{name.removeprefix('val_')} {value:.4f}" for name, value in best_epoch.items() if "val" in name
    )
    print(f"{trained.model_path}: epoch {trained.best + 1} of {len(trained.history)}; on validation: {figures}")
