"""The guest's kernel: built by `make kernel`, or lying ready in a folder that $EDGEGATE_VM names."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.booted import cache
from tests.support.paths import ROOT

RECIPE = Path(__file__).parent / "recipe" / "kernel"
READY_MADE = ROOT.parent / "shared" / "vm"
"""Looked at where $EDGEGATE_VM is not set."""


@dataclass(frozen=True)
class Kernel:
    """A user-mode Linux program, and the folder of its modules."""

    linux: Path
    modules: Path


def find() -> Kernel | None:
    """One that was built from the recipe as it is now, or a ready-made one."""
    built = built_folder()
    ready = Path(os.environ.get("EDGEGATE_VM") or READY_MADE)
    for linux, modules in ((built / "linux", built / "modules"), (ready / "linux-6.12-um", ready / "modules-um")):
        if linux.is_file() and modules.is_dir():
            return Kernel(linux.resolve(), modules.resolve())
    return None


def built_folder() -> Path:
    """Returns the folder that `make kernel` puts it in."""
    return cache.folder() / f"kernel-{cache.digest(RECIPE)}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--folder"]:
        print(built_folder())
    elif kernel := find():
        print(kernel.linux)
    else:
        sys.exit(
            "there is no kernel to boot: `make kernel` builds one (15 minutes), or set EDGEGATE_VM to a folder with one"
        )
