"""`converter build`: the whole road of a recipe, from images to a pack; what was made before is not made again.

Exit status 1, and no pack, if no variant keeps the recipe's budgets.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from converter.recipe.recipe import load_recipe
from converter.training.train import require_tensorflow
from edgegate.cli.parser import Commands
from edgegate.system.terminal import print_json


def add(commands: Commands) -> None:
    parser = commands.add_parser("build", help="the whole road, from images to a pack", description=__doc__)
    parser.show(
        "python -m converter build converter/recipes/face-tracker.toml",
        "python -m converter build mine.toml --work build/mine --json",
    )
    parser.add_argument("recipe", type=Path, metavar="RECIPE.toml")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="for what is made on the way (build/ beside the recipe)"
    )
    parser.add_argument(
        "--even-failed",
        action="store_true",
        help="write a pack that misses its budgets too, graded so: the daemon refuses it unless its config names it",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from converter.build.pipeline import build  # noqa: PLC0415 - heavy

    recipe = load_recipe(args.recipe)
    require_tensorflow()  # now, rather than after the photos have been looked at
    work = args.work or args.recipe.parent / "build" / recipe.pack.name
    built = build(recipe, work, partial(print, file=sys.stderr), even_failed=args.even_failed)
    if args.json:
        print_json(built.report | {"page": str(built.page), "pack": str(built.pack) if built.pack else None})
    else:
        for line in built.lines():
            print(line)
    return 0 if built.passed else 1
