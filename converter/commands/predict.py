"""`converter predict`: the person in a photo, the certainty of the network, and where; a line a photo.

NETWORK is a pack's folder, or a trained model (.keras or .h5, which needs TensorFlow) or bare .tflite with --labels. A
tracker sees the whole photo. A classifier or an embedder sees the one face in it, found and cut out as at the door; an
embedder knows who is enrolled in the gallery of --data. Exit status 1 if there is a photo without an answer.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from converter.data.folders import made
from edgegate.cli.common import existing, load_config
from edgegate.cli.options import add_common
from edgegate.cli.parser import Commands
from edgegate.system.terminal import print_json, printable


def add(commands: Commands) -> None:
    parser = commands.add_parser("predict", help="who is in a photo, and where", description=__doc__)
    parser.show(
        "python -m converter predict packs/front-door anna.jpg bert.jpg --annotate seen",
        "python -m converter predict run/model.keras anna.jpg --labels unknown,anna,bert --json",
    )
    add_common(parser)
    parser.add_argument("network", type=Path, metavar="NETWORK", help="a pack's folder, or a .keras, .h5 or .tflite")
    parser.add_argument("photos", type=Path, nargs="+", metavar="PHOTO")
    parser.add_argument(
        "--labels", type=_names, default=(), metavar="NAMES", help="a file's classes: unknown,anna,bert"
    )
    parser.add_argument(
        "--annotate", type=Path, metavar="DIR", help="draw box and words on each photo, into this folder"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from converter.prediction.opening import open_network  # noqa: PLC0415 - with the next: slow
    from converter.prediction.photos import Asker  # noqa: PLC0415

    config = load_config(args)
    network = open_network(existing(args.network, "pack or model"), args.labels, config)
    asker, answers = Asker(network, None if args.annotate is None else made(args.annotate)), []
    for file in args.photos:
        asked = asker.ask(file)
        answers.append(asked)
        if not args.json:
            print(printable(asked.in_words()), flush=True)
    if args.json:
        print_json([asked.as_json() for asked in answers])
    return 0 if all(asked.answer for asked in answers) else 1


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r}: not names with a comma between, class 0 first")
    return names
