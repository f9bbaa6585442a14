"""What a guest boots from, made once and kept: a plain Debian, the wheels, and a Debian with this checkout installed.

The project is installed as its README says, by `make install`, in the guest; pip finds its wheels in the shared
folder, for there is no network.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.door_scenes import ENROLLED
from tests.system import cache
from tests.system.guest import INSIDE, Guest
from tests.system.kernel import ROOT, Kernel

RECIPE = Path(__file__).parent / "recipe"
INSTALLED_FROM = (
    "Makefile", "pyproject.toml", "config.toml", "README.md", "LICENSE", "NOTICE", "edgegate", "converter", "systemd",
    "docs",
)  # fmt: skip
GUESTS_PYTHON = (3, 11)
"""Debian bookworm's, as on a Raspberry Pi: wheels must fit it."""

PRETEND_PI = INSIDE / "pretend_pi.sh"
INSTALL = "make install"
"""The README's command, without its sudo."""

CONFIG = "/etc/edgegate/config.toml"
SETTINGS = {
    "camera.source": "/dev/video0",
    "door.exit_pin": 20,
    "door.unlock_seconds": 1.0,
    "door.exit_seconds": 1.0,
    "access.rearm_seconds": 2.0,
}
"""How the guest's door differs from the config that is installed."""


def debian() -> Path:
    """A root image without the project."""
    image = cache.folder() / f"debian-{cache.digest(RECIPE / 'image.sh', RECIPE / 'image')}.img"
    if not image.exists():
        print("building the guest's root image (half a minute)", flush=True)
        subprocess.run([RECIPE / "image.sh", image], check=True)
        cache.prune("debian", image)
    return image


def wheels() -> Path:
    """A folder with wheels of all that the project needs, to install and to build."""
    folder = cache.folder() / f"wheels-{cache.digest(ROOT / 'pyproject.toml')}"
    if not folder.exists():
        if sys.version_info[:2] != GUESTS_PYTHON:
            raise RuntimeError("the guest's wheels are fetched by Python 3.11: make system-test PYTHON=python3.11")
        print("fetching wheels for the guest", flush=True)
        with whole(folder) as new:
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
            subprocess.run([*pip, "wheel", "--wheel-dir", new, f"{ROOT}[pi]", "setuptools>=68", "wheel"], check=True)
            for own in new.glob("edgegate-*.whl"):  # the guest builds it
                own.unlink()
        cache.prune("wheels", folder)
    return folder


def installed(kernel: Kernel) -> Path:
    """A root image with this checkout installed, its services enabled and one person enrolled."""
    base, packages = debian(), wheels()
    sources = [ROOT / name for name in INSTALLED_FROM]
    key = cache.digest(base.name, packages.name, *sources, PRETEND_PI, Path(__file__))
    image = cache.folder() / f"door-{key}.img"
    if not image.exists():
        print("installing this checkout in the guest (a minute)", flush=True)
        with whole(image) as new:
            subprocess.run(["cp", "--sparse=always", "--reflink=auto", base, new], check=True)
            _install(kernel, new, packages, sources)
        cache.prune("door", image)
    return image


def _install(kernel: Kernel, image: Path, packages: Path, sources: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as folder, Guest(kernel, image, Path(folder), change_image=True).boot() as guest:
        for source in sources:
            guest.put(source, f"source/{source.name}")
        guest.put(packages, "wheels")
        guest.run("cp -r /host/source /root/edgegate")
        environment = "PIP_NO_INDEX=1 PIP_FIND_LINKS=/host/wheels EXTRAS=pi"  # off a Pi, make install brings no pins
        print(guest.run(f"cd edgegate && {environment} {INSTALL}", timeout=600))
        guest.run(f"sh /host/inside/{PRETEND_PI.name}")
        for key, value in SETTINGS.items():
            guest.python(f"import rig; rig.configure({key!r}, {value!r})")
        portrait = guest.put(ENROLLED.file)
        guest.run(f"edgegate enroll '{ENROLLED.person}' {portrait}", timeout=120)
        guest.run("chown -R edgegate: /var/lib/edgegate")
        guest.shut_down()


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place to make `path` at; it appears when it is complete, or not at all."""
    new = path.with_name(f".{path.name}.new")
    _remove(new)
    try:
        yield new
        new.rename(path)
    finally:
        _remove(new)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
