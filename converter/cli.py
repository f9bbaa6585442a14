"""The converter's command line: `python -m converter import packs`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from converter.fetch import CACHE
from converter.import_packs import SHIPPED, check_packs, import_packs
from edgegate.errors import EdgegateError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0 done, 1 failed, 2 wrong call."""
    options = _parser().parse_args(arguments)
    # Keeps TensorFlow's chatter from the user, and its arithmetic the same from run to run.
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    try:
        return _import_packs(options.out, options.cache, check=options.check)
    except EdgegateError as error:
        print(f"converter: {error}", file=sys.stderr)
        return error.status
    except OSError as error:
        print(f"converter: {error.filename or 'file'}: {error.strerror}; nothing was written", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m converter", description="Turns trained networks into model packs.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    importer = commands.add_parser("import", help="make packs of networks that others have published")
    sources = importer.add_subparsers(dest="source", required=True, metavar="SOURCE")
    packs = sources.add_parser("packs", help="the packs that edgegate ships")
    packs.add_argument("--out", type=Path, default=SHIPPED, metavar="DIR", help="where to write them (%(default)s)")
    packs.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="downloads (%(default)s)")
    packs.add_argument("--check", action="store_true", help="write nothing; compare a rebuild with what is in DIR")
    return parser


def _import_packs(out: Path, cache: Path, *, check: bool) -> int:
    if check:
        for line in check_packs(out, cache):
            print(line)
    else:
        for pack in import_packs(out, cache):
            print(f"{pack.folder}: {pack.task}, {pack.licence}, sha256 {pack.sha256[:12]}")
    return 0
