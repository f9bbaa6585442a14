"""`converter recipes`: the recipes that come with the converter; by name, the text of one, to begin your own with."""

from __future__ import annotations

import argparse
from importlib import resources

from edgegate.cli.parser import Commands
from edgegate.system.terminal import print_json

SHIPPED = resources.files("converter").joinpath("recipes")


def add(commands: Commands) -> None:
    parser = commands.add_parser("recipes", help="recipes to begin with", description=__doc__)
    parser.show("python -m converter recipes", "python -m converter recipes face-tracker > mine.toml")
    parser.add_argument(
        "name", nargs="?", choices=_names(), metavar="NAME", help="print this one; example has every key"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    recipes = {name: SHIPPED.joinpath(f"{name}.toml").read_text("utf-8") for name in _names()}
    chosen = recipes if args.name is None else {args.name: recipes[args.name]}
    if args.json:
        print_json([{"name": name, "text": text} for name, text in chosen.items()])
    elif args.name is not None:
        print(chosen[args.name], end="")
    else:
        width = max(map(len, recipes))
        for name, text in recipes.items():
            print(f"{name:{width}}  {text.splitlines()[0].removeprefix('# ')}")
    return 0


def _names() -> list[str]:
    return sorted(file.name.removesuffix(".toml") for file in SHIPPED.iterdir() if file.name.endswith(".toml"))
