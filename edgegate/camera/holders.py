"""Which programs have a device open, so that whoever needs it knows whom to end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Holder:
    """A process, by its name (at most 15 characters of it, as the kernel keeps it) and its number."""

    name: str
    pid: int

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def holders(device: str, processes: Path = Path("/proc")) -> tuple[Holder, ...]:
    """Every other process that has `device` open, as far as this user may know: root sees all, others their own."""
    wanted = os.path.realpath(device)
    found = (int(folder.name) for folder in processes.glob("[0-9]*") if wanted in _opened(folder))
    return tuple(Holder(_name(processes / str(pid)), pid) for pid in sorted(found) if pid != os.getpid())


def _opened(process: Path) -> Iterator[str]:
    with suppress(OSError):  # another user's, or it ended meanwhile
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                yield str(descriptor.readlink())


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a program"
