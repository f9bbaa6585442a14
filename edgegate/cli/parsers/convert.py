"""`edgegate convert`: from trained Keras networks, or labelled photos, to model packs for the door.

Starts `python -m converter` with the same words, and ends with its exit status. Every command in it has a help of its
own: edgegate convert build --help. It needs the converter, and to train or to quantize TensorFlow too.
"""

import argparse

from edgegate.cli.parser import Parser

CONVERTER_COMMANDS = {
    "practice": "photos to practise on",
    "capture": "take photos of a person",
    "prepare": "labelled photos to a dataset",
    "crop": "faces cut out of photos",
    "augment": "altered copies of a dataset's pictures",
    "architectures": "the designs that can be trained",
    "train": "a dataset to a trained network",
    "quantize": "a trained model to a .tflite",
    "verify": "compare a .tflite with its model",
    "report": "how good a model and its variants are",
    "predict": "who is in a photo, and where",
    "compare": "packs on one test set side by side",
    "recipes": "recipes to begin with",
    "build": "the whole road, from images to a pack",
    "import": "packs of networks from elsewhere",
}
"""The converter's commands, which this program cannot ask: it imports nothing of the converter."""


def declare(parser: Parser) -> None:
    parser.carry_out("edgegate.cli.convert:run", __doc__)
    parser.show(
        "edgegate convert build converter/recipes/face-tracker.toml",
        "edgegate convert predict packs/front-door anna.jpg --annotate seen",
    )
    listed = "; ".join(f"{name}: {summary}" for name, summary in CONVERTER_COMMANDS.items())
    parser.add_argument("command", choices=tuple(CONVERTER_COMMANDS), metavar="COMMAND", help=listed)
    words = parser.add_argument("words", nargs=argparse.REMAINDER, metavar="WORD", help="its options and arguments")
    words.required = False  # argparse would name it beside the command that is missing
