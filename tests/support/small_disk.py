"""A disk that can be full: a file system of a megabyte where this user may mount one, else a limit on file sizes."""

from __future__ import annotations

import resource
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

_BYTES = 1 << 20


class SmallDisk:
    """Mounted at `folder` while its `with` block runs. Commands that must meet it are started with `options`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mounted = False
        self._full = False
        self._filler = folder / "filler"

    def __enter__(self) -> Self:
        self.folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_BYTES}", "none", str(self.folder)]
        self._mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        return self

    def __exit__(self, *_: object) -> None:
        if self._mounted:
            subprocess.run(["umount", self.folder], check=True)

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of subprocess that make a process feel that the disk is full now."""
        return {} if self._mounted or not self._full else {"preexec_fn": lambda: _limit(0, 0)}

    def fill(self, process: subprocess.Popen[str] | None = None) -> None:
        """Leaves no room from now on, for new commands and for a `process` that runs already."""
        self._full = True
        if self._mounted:
            self._write_until_it_is_full()
        elif process:
            _limit(process.pid, 0)

    def free(self, process: subprocess.Popen[str] | None = None) -> None:
        self._full = False
        if self._mounted:
            self._filler.unlink()
        elif process:
            _limit(process.pid, resource.RLIM_INFINITY)

    def _write_until_it_is_full(self) -> None:
        with self._filler.open("wb", buffering=0) as file:
            for size in (4096, 1):
                with suppress(OSError):
                    while True:
                        file.write(bytes(size))


def _limit(pid: int, size: int) -> None:
    """Limits the bytes of a file that a process may write; the limit can be lifted again."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
