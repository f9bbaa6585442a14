"""`converter import keras`: a pack from a tracker or classifier that was trained elsewhere, with Keras.

FILE is a .keras or .h5 file of Keras 3 or 2, or the folder of a SavedModel. Nothing in it runs. What cannot be read
from it is assumed, and said; with labelled photos every assumption is tested against them, int8 is calibrated, and the
pack is measured. Without photos nothing is measured, and the daemon takes the pack only by name.

Exit status 1, and no pack, where no reading explains the labels or no variant keeps its budgets.
"""

from __future__ import annotations

import argparse
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

from converter.evaluation.budgets import Budgets
from converter.networks.forms import BOX_FORMS, CHANNELS, PIXELS
from converter.networks.guess import Wanted
from converter.tflite.variants import VARIANTS
from edgegate.errors import UsageError
from edgegate.system.terminal import print_json


def add(sources: Any) -> None:
    """The parser of `import keras`, among the other sources."""
    parser = sources.add_parser("keras", help="a tracker or classifier that was trained elsewhere", description=__doc__)
    parser.show(
        "python -m converter import keras facetracker.h5 --photos photos",
        "python -m converter import keras exported --labels unknown,anna --pixels 0..1",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a .keras or .h5 file, or a SavedModel's folder")
    _add_photos(parser)
    _add_readings(parser)
    pack = parser.add_argument_group("the pack")
    pack.add_argument("--name", help="its folder's name (FILE's, in lower case)")
    pack.add_argument("--licence", default="not stated", help="of the weights, for its card (%(default)s)")
    pack.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="where to write it (here)")
    pack.add_argument(
        "--variants", type=_listed, metavar="LIST", help=f"in the order of preference, of {', '.join(VARIANTS)}"
    )
    pack.add_argument("--recipe", type=Path, metavar="RECIPE.toml", help="whose budgets hold (else the defaults)")
    pack.add_argument("--even-failed", action="store_true", help="write a pack that misses its budgets too, graded so")
    pack.add_argument("--work", type=Path, metavar="DIR", help="for what is made on the way (build/NAME)")
    pack.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def _add_photos(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("photos to test, calibrate and measure with")
    source = group.add_mutually_exclusive_group()
    source.add_argument("--photos", type=Path, metavar="DIR", help="labelled photos, as prepare takes them")
    source.add_argument("--dataset", type=Path, metavar="DIR", help="a dataset, as prepare has made it")
    group.add_argument("--empty", type=Path, action="append", default=[], metavar="DIR", help="photos of nobody")
    group.add_argument("--strangers", type=Path, action="append", default=[], metavar="DIR", help="photos of others")


def _add_readings(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how the network is to be read, where it is not what was found")
    group.add_argument("--labels", type=_listed, metavar="LIST", help="its classes in its order, such as unknown,anna")
    group.add_argument("--outputs", type=_roles, metavar="ROLES", help="class=NAME,box=NAME, or numbers from 0")
    group.add_argument("--pixels", choices=PIXELS, help="the range of levels, or a preprocess_input (--pixels=-1..1)")
    group.add_argument("--channels", choices=CHANNELS, help="the order of colours")
    group.add_argument("--box", choices=BOX_FORMS, help="the order and meaning of the box's four numbers")
    group.add_argument("--box-unit", choices=("share", "pixels"), help="of the box: of the picture, or of the input")
    group.add_argument("--size", type=_size, metavar="WIDTHxHEIGHT", help="of a network that takes any")
    group.add_argument("--custom", action="append", default=[], metavar="MODULE", help="defines its layers; it is run")
    group.add_argument("--design", help="of FILE, if that holds weights only: one of edgegate's (architectures)")


def run(args: argparse.Namespace) -> int:
    from converter.build.elsewhere import Import, import_trained  # noqa: PLC0415 - heavy

    budgets = Budgets()
    if args.recipe is not None:
        from converter.recipe.recipe import load_recipe  # noqa: PLC0415 - only then

        budgets = load_recipe(args.recipe).budgets
    wanted = Wanted(
        args.outputs, args.pixels, args.channels, args.box, args.box_unit, tuple(args.labels) if args.labels else None
    )
    order = Import(
        file=args.file,
        name=args.name or _name(args.file),
        licence=args.licence,
        wanted=wanted,
        out=args.out,
        work=args.work,
        dataset=args.dataset,
        photos=args.photos,
        empty=tuple(args.empty),
        strangers=tuple(args.strangers),
        custom=tuple(args.custom),
        design=args.design,
        size=args.size,
        variants=_variants(args.variants),
        budgets=budgets,
        even_failed=args.even_failed,
    )
    done = import_trained(order, partial(print, file=sys.stderr if args.json else sys.stdout, flush=True))
    if args.json:
        print_json(done.as_json())
    return 0 if done.pack is not None and done.grade != "failed" else 1


def _name(file: Path) -> str:
    """A folder's name from the file's."""
    stem = re.sub(r"\.(keras|weights\.h5|h5|hdf5)$", "", file.absolute().name.lower())
    return re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._") or "tracker"


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _variants(names: list[str] | None) -> tuple[Any, ...] | None:
    if names is None:
        return None
    if unknown := [name for name in names if name not in VARIANTS]:
        raise UsageError(f"--variants {unknown[0]}: no variant; there are {', '.join(VARIANTS)}")
    return tuple(dict.fromkeys(names))


def _roles(text: str) -> dict[str, str]:
    parts = [part.partition("=") for part in text.split(",")]
    if not all(role.strip() in {"class", "box"} and name.strip() for role, _, name in parts):
        raise argparse.ArgumentTypeError("write class=NAME,box=NAME, or class=NAME for a classifier")
    return {role.strip(): name.strip() for role, _, name in parts}


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})(?:[x×](\d{1,5}))?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 160x120, or 120 for a square")
    return int(match[1]), int(match[2] or match[1])
