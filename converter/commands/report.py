"""`converter report`: a page, and the same as JSON, on how good a model and its variants are on images held out.

Exit status 1 if no variant keeps its budgets.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from converter.commands.verify import add_sources, budgets_of, open_sources
from converter.dataset import load_dataset
from converter.report import page
from converter.report.subject import Subject
from converter.verify import Refused, Verified, verify
from edgegate.cli.common import Commands, existing, print_json
from edgegate.errors import ModelError


def add(commands: Commands) -> None:
    parser = commands.add_parser("report", help="how good a model and its variants are", description=__doc__)
    add_sources(parser)
    parser.add_argument(
        "tflite", type=Path, nargs="+", metavar="FILE.tflite", help="its variants, the preferred one first"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write report.html and .json")
    parser.add_argument("--name", default="tracker", help="in the title (%(default)s)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    subject = _subject(args)
    content = page.write(subject, args.out)
    if args.json:
        print_json(content)
    else:
        print(f"{args.out / page.HTML_FILE}: {content['grade']}; {content['reason']}")
    return 0 if subject.chosen else 1


def _subject(args: argparse.Namespace) -> Subject:
    from converter.answers import of_keras  # noqa: PLC0415 - with the next: heavy

    budgets, dataset = budgets_of(args), load_dataset(args.dataset)
    files = [existing(file, "file") for file in args.tflite]
    model, truth = open_sources(args)
    keras = of_keras(model, truth.pictures)

    def judged(file: Path) -> Verified | Refused:
        try:
            return verify(file.stem, file.read_bytes(), keras, truth, budgets)
        except ModelError as error:  # another may do, and the report says why this one does not
            return Refused(file.stem, str(error))

    candidates = [judged(file) for file in files]
    trained_on = len(dataset.splits["train"])
    return Subject(args.name, model.name, dataset.classes, truth, keras, candidates, budgets, trained_on)
