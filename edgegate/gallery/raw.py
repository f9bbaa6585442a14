"""Searches a file as it lies on the disk for byte strings, free pages included, from a process of its own.

A process that reads SQLite's file beside SQLite, and closes it, gives up every lock that SQLite has there. Another
process takes no lock, so that nobody waits; it needs no copy of the file in memory, and leaves the interpreter to the
door, which forgets people while it is in service.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

BLOCK = 1 << 20


def find(path: Path, wanted: Sequence[bytes]) -> set[bytes]:
    """Returns those of `wanted` that are in the file; raises OSError where that cannot be known."""
    call = [sys.executable, "-I", "-S", __file__, str(path)]
    lines = "".join(f"{needle.hex()}\n" for needle in wanted)
    done = subprocess.run(call, input=lines, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError((done.stderr.strip().splitlines() or [f"the search ended with {done.returncode}"])[-1])
    return {wanted[int(index)] for index in done.stdout.split()}


def scan(file: BinaryIO, wanted: Sequence[bytes]) -> Iterable[int]:
    """Returns the indices of those of `wanted` that an open file holds."""
    found: set[int] = set()
    overlap = max(map(len, wanted), default=1) - 1
    rest = b""
    while block := file.read(BLOCK):
        text = rest + block
        found |= {index for index, needle in enumerate(wanted) if index not in found and needle in text}
        rest = text[-overlap:] if overlap else b""
    return sorted(found)


def _main() -> None:
    with suppress(OSError):  # where that is not allowed it takes its share, as everybody does
        os.nice(10)
    wanted = [bytes.fromhex(line) for line in sys.stdin]
    with open(sys.argv[1], "rb") as file:  # noqa: PTH123 (the less is imported, the sooner it starts)
        print(*scan(file, wanted))


if __name__ == "__main__":
    _main()
