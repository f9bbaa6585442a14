"""The programs that have a device open, so that somebody who needs it knows which to end."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edgegate.errors import CameraError
from edgegate.events.vocabulary import CameraFault

SERVICE = "edgegate"
"""The name of the daemon's process, and of its unit; a command such as `edgegate enroll` is called so too."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process, by its name (at most 15 characters of it, as the kernel keeps it) and its number."""

    name: str
    pid: int

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def devices(source: str, folder: Path = Path("/dev")) -> tuple[str, ...]:
    """Returns a camera's device files. A Raspberry Pi's own are media devices, open and locked by who uses one."""
    return tuple(sorted(map(str, folder.glob("media*")))) if source == "picamera" else (source,)


def holders(*devices: str, processes: Path = Path("/proc")) -> tuple[Holder, ...]:
    """Every other process that has any of these open, as far as this user may know: root sees all, others their own."""
    wanted = set(map(os.path.realpath, devices))
    found = (int(folder.name) for folder in processes.glob("[0-9]*") if not wanted.isdisjoint(_opened(folder)))
    return tuple(Holder(_name(processes / str(pid)), pid) for pid in sorted(found) if pid != os.getpid())


def in_use(camera: str, others: Sequence[Holder]) -> CameraError:
    """Returns who has the camera, and the way out: systemd starts a service again that is merely killed."""
    if not others:
        return CameraError(
            f"{camera}: in use by another user's program; `sudo edgegate check` knows which", CameraFault.IN_USE
        )
    by = ", ".join(map(str, others))
    service = any(one.name == SERVICE for one in others)
    way_out = "end it to have this camera here" + (f"; the service, by `sudo systemctl stop {SERVICE}`" * service)
    return CameraError(f"{camera}: in use by {by}: {way_out}", CameraFault.IN_USE)


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
