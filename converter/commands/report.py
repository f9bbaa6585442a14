"""`converter report`: a page, and the same as JSON, on how good a model and its variants are on images held out.

Exit status 1 if no variant keeps its budgets.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from converter.commands.verify import add_sources, budgets_of, open_sources
from converter.data.dataset import load_dataset
from converter.evaluation.fidelity import RefusedVariant, Verified, verify
from converter.evaluation.pairs import Compared, verify_pairs
from converter.report import page, siamese
from converter.report.subject import ReportedTracker
from converter.tflite.answers import Answers, outputs_of_keras
from converter.training.history import known
from edgegate.cli.common import existing
from edgegate.cli.parser import Commands
from edgegate.errors import ModelError
from edgegate.system.terminal import print_json


def add(commands: Commands) -> None:
    parser = commands.add_parser("report", help="how good a model and its variants are", description=__doc__)
    parser.show(
        "python -m converter report run/model.keras dataset tracker.tflite --out report",
        "python -m converter report run/model.keras dataset int8.tflite float32.tflite --out report --name mine",
    )
    add_sources(parser)
    parser.add_argument(
        "tflite", type=Path, nargs="+", metavar="FILE.tflite", help="its variants, the preferred one first"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write report.html and .json")
    parser.add_argument("--name", default="tracker", help="in the title (%(default)s)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    subject = _subject(args)
    content = (
        page.write(subject, args.out) if isinstance(subject, ReportedTracker) else siamese.write(subject, args.out)
    )
    if args.json:
        print_json(content)
    else:
        print(f"{args.out / page.HTML_FILE}: {content['grade']}; {content['reason']}")
    return 0 if subject.chosen else 1


def _subject(args: argparse.Namespace) -> ReportedTracker | siamese.ReportedEmbedder:

    budgets, dataset = budgets_of(args), load_dataset(args.dataset)
    files = [existing(file, "file") for file in args.tflite]
    model, truth = open_sources(args)
    outputs = outputs_of_keras(model, truth.pictures)
    trained_on, epochs = len(dataset.splits["train"]), known(args.model.parent)
    if "embedding" in outputs:
        compared = [
            _judged(partial(verify_pairs, outputs=outputs, truth=truth, budgets=budgets), file) for file in files
        ]
        return siamese.ReportedEmbedder(
            args.name, model.name, truth, outputs["embedding"], compared, budgets, trained_on, epochs
        )
    verified = [_judged(partial(verify, outputs=outputs, truth=truth, budgets=budgets), file) for file in files]
    keras = Answers.of(outputs)
    about = args.name, model.name, dataset.classes, truth, keras
    return ReportedTracker(*about, verified, budgets, trained_on, history=epochs)


Judgement = TypeVar("Judgement", Verified, Compared)


def _judged(judge: Callable[[str, bytes], Judgement], file: Path) -> Judgement | RefusedVariant:
    try:
        return judge(file.stem, file.read_bytes())
    except ModelError as error:  # another may do, and the report says why this one does not
        return RefusedVariant(file.stem, str(error))
