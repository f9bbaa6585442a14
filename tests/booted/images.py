"""The images of a guest, made once and kept: a plain Debian, the wheels, and a Debian with this checkout installed.

The project is installed as its README says, by `make install`, in the guest; pip finds its wheels in the shared
folder, for there is no network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.booted import cache
from tests.booted.guest import INSIDE, Guest
from tests.booted.kernel import Kernel
from tests.support.door_scenes import ENROLLED
from tests.support.paths import ROOT

RECIPE = Path(__file__).parent / "recipe"
INSTALLED_FROM = (
    "Makefile", "pyproject.toml", "config.toml", "README.md", "LICENSE", "NOTICE", "edgegate", "converter", "systemd",
    "docs",
)  # fmt: skip
RELEASES = {(3, 11): "bookworm", (3, 13): "trixie"}
"""Debian's, of which each Raspberry Pi OS is made, by their Python: wheels must fit it."""

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
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
"""Settings in which the guest's door differs from the config that is installed."""


def release() -> str:
    """The Debian whose Python the tests run on: that is the one they boot."""
    python = sys.version_info[:2]
    if python not in RELEASES:
        known = ", ".join(f"{name} with Python {major}.{minor}" for (major, minor), name in RELEASES.items())
        raise RuntimeError(f"no guest has Python {python[0]}.{python[1]}: there is {known} (make system-test PYTHON=…)")
    return RELEASES[python]


def debian() -> Path:
    """A root image without the project."""
    image = cache.folder() / f"debian-{cache.digest(release(), RECIPE / 'image.sh', RECIPE / 'image')}.img"
    if not image.exists():
        print(f"building the guest's root image, Debian {release()} (half a minute)", flush=True)
        subprocess.run([RECIPE / "image.sh", image, release()], check=True)
    return cache.used(image)


def wheels() -> Path:
    """A folder with wheels of all that the project needs, to install and to build."""
    folder = cache.folder() / f"wheels-{cache.digest(release(), ROOT / 'pyproject.toml')}"
    if not folder.exists():
        print("fetching wheels for the guest", flush=True)
        with cache.whole(folder) as new:
            subprocess.run([*PIP, "wheel", "--wheel-dir", new, f"{ROOT}[pi]", "setuptools>=68", "wheel"], check=True)
            for own in new.glob("edgegate-*.whl"):  # the guest builds it
                own.unlink()
            if release() == "trixie":
                _build_lgpio(new)
    return cache.used(folder)


def _build_lgpio(wheels: Path) -> None:
    """Builds lgpio, which Raspberry Pi OS has as python3-lgpio, Debian has not, and PyPI only as source.

    It takes a C compiler, and a SWIG that still knows Python 2's names, which that source uses.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*PIP, "install", "--target", folder, "swig>=4.2,<4.4"], check=True)
        (library,) = Path(folder).glob("swig/data/share/swig/*")
        environment = os.environ | {
            "PATH": f"{folder}/swig/data/bin:{os.environ['PATH']}",
            "SWIG_LIB": str(library),
            "PYPI": "1",  # with its C library inside
        }
        build = [
            *PIP,
            "wheel",
            "--no-cache-dir",
            "--no-deps",
            "--no-binary=lgpio",
            "--wheel-dir",
            folder,
            "lgpio>=0.2.2",
        ]
        subprocess.run(build, env=environment, check=True)
        (wheel,) = Path(folder).glob("lgpio-*.whl")
        shutil.move(wheel, wheels)


def installed(kernel: Kernel) -> Path:
    """A root image with this checkout installed, its services enabled and one person enrolled."""
    with cache.making():
        return _installed(kernel)


def _installed(kernel: Kernel) -> Path:
    base, packages = debian(), wheels()
    sources = [ROOT / name for name in INSTALLED_FROM]
    key = cache.digest(base.name, packages.name, *sources, PRETEND_PI, Path(__file__))
    image = cache.folder() / f"door-{key}.img"
    if not image.exists():
        print("installing this checkout in the guest (a minute)", flush=True)
        with cache.whole(image) as new:
            subprocess.run(["cp", "--sparse=always", "--reflink=auto", base, new], check=True)
            _install(kernel, new, packages, sources)
    return cache.used(image)


def _install(kernel: Kernel, image: Path, packages: Path, sources: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as folder, Guest(kernel, image, Path(folder), change_image=True).boot() as guest:
        for source in sources:
            guest.put(source, f"source/{source.name}")
        guest.put(packages, "wheels")
        guest.run("cp -r /host/source /root/edgegate")
        for wheel in packages.glob("lgpio-*.whl") if release() == "trixie" else ():
            guest.run(f"python3 -m zipfile -e /host/wheels/{wheel.name} /usr/lib/python3/dist-packages")
        environment = "PIP_NO_INDEX=1 PIP_FIND_LINKS=/host/wheels EXTRAS=pi"  # off a Pi, make install brings no pins
        print(guest.run(f"cd edgegate && {environment} {INSTALL}", timeout=600))
        guest.run(f"sh /host/inside/{PRETEND_PI.name}")
        for key, value in SETTINGS.items():
            guest.python(f"import rig; rig.configure({key!r}, {value!r})")
        portrait = guest.put(ENROLLED.file)
        guest.run(f"edgegate enroll '{ENROLLED.person}' {portrait}", timeout=120)
        guest.shut_down()
