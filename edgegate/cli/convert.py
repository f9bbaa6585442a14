"""`edgegate convert`: the converter, in the place of this process."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec

from edgegate.errors import EdgegateError


def run(args: argparse.Namespace) -> int:
    """Becomes `python -m converter`: terminal, signals and exit status are the converter's from here on.

    Raises EdgegateError where there is no converter. It says itself where it needs TensorFlow and there is none.
    """
    if find_spec("converter") is None:
        raise EdgegateError("the converter is not installed here; from a clone, pip install '.[train]'")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "converter", args.command, *args.words])  # noqa: S606
