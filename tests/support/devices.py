"""Device nodes to write to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest


def device(folder: Path, name: str, minor: int) -> Path:
    """The device /dev/`name`. For root a node of the test's own: a fault would take the machine's away."""
    if os.geteuid() != 0:
        return Path("/dev") / name
    node = folder / name
    try:
        os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, minor))
        node.open("wb").close()
    except PermissionError as error:
        pytest.skip(f"no device nodes here: {error}")
    return node
