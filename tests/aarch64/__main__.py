"""The wheels of a Raspberry Pi's Python 3.11, installed and run under qemu: `make test-aarch64`.

Debian bookworm's arm64 Python in a folder, the wheels that `pip install '.[pi]'` would take there, and one
recording of three seconds. It must be decided as on this machine; how far scores differ is printed. Needs root, for
a mount namespace of its own, and Debian's mmdebstrap and qemu-user-static. What was downloaded is kept in FOLDER.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

QEMU = "qemu-aarch64-static"
CPU = "cortex-a72"
CPUINFO = "\n".join(
    f"processor\t: {core}\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU implementer\t: 0x41\n"
    "CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n"
    for core in range(4)
)
"""A Raspberry Pi 4's. The processor's own shows through otherwise, and the fast path of TFLite is silently dropped."""

SCRIPT = (("nobody", 0.2), ("stranger", 1.7), ("enrolled", 1.1))
"""Three seconds: a refusal, and then a grant."""

PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_27", "manylinux_2_28", "manylinux_2_34")


def main(folder: Path) -> int:
    missing = [tool for tool in ("mmdebstrap", QEMU, "unshare") if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        print(f"not run: it needs root, and {', '.join(missing) or 'all else is there'}", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    root, wheels = folder / "root", folder / "wheels"
    if not (root / "usr/bin/python3").exists():
        make_root(root)
    download(wheels)
    install(root, wheels)
    os.environ["XDG_CONFIG_HOME"] = str(root / "clip/config")  # where the gallery's key is kept, there too
    prepare(root / "clip")
    here = read([sys.executable, "-m", "tests.aarch64.frames", str(root / "clip/data"), str(root / "clip/clip.avi")])
    began = time.monotonic()
    there = read(emulated(root, "-m", "tests.aarch64.frames", "/clip/data", "/clip/clip.avi"))
    print(f"{len(there) - 1} frames under qemu in {time.monotonic() - began:.0f} s")
    return compare(here, there)


def make_root(root: Path) -> None:
    hook = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"
    include = "--include=python3,libstdc++6,libgomp1,zlib1g"
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=extract", "--architectures=arm64", hook, include, "bookworm", root],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    qemu = shutil.which(QEMU)
    assert qemu is not None
    shutil.copy(qemu, root)


def download(wheels: Path) -> None:
    """Downloads what pip would take on a Pi, as wheels alone; pip itself; and edgegate."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    for old in wheels.glob("edgegate-*.whl"):
        old.unlink()
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", wheels, ROOT], check=True)
    (own,) = wheels.glob("edgegate-*.whl")
    platforms = [f"--platform={name}_aarch64" for name in PLATFORMS]
    target = ["--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none", *platforms]
    subprocess.run(
        [*pip, "download", "--only-binary=:all:", *target, "--dest", wheels, f"{own}[pi]", "pip"], check=True
    )


def install(root: Path, wheels: Path) -> None:
    """With the pip that runs there."""
    shutil.rmtree(root / "opt", ignore_errors=True)
    shutil.rmtree(root / "wheels", ignore_errors=True)
    shutil.copytree(wheels, root / "wheels")
    (pip,) = (root / "wheels").glob("pip-*.whl")
    (own,) = (root / "wheels").glob("edgegate-*.whl")
    options = ["--quiet", "--no-index", "--find-links=/wheels", "--target=/opt/edgegate", "--root-user-action=ignore"]
    subprocess.run(
        emulated(root, f"/wheels/{pip.name}/pip", "install", *options, f"/wheels/{own.name}[pi]"), check=True
    )
    installed = sorted(path.name.removesuffix(".dist-info") for path in (root / "opt/edgegate").glob("*.dist-info"))
    print("installed on aarch64:", ", ".join(installed))
    shutil.copytree(ROOT / "tests/aarch64", root / "opt/edgegate/tests/aarch64")


def prepare(folder: Path) -> None:
    """The recording, and the data folder of a door that knows one of the two in it."""
    from tests.support.door_scenes import ENROLLED, write_scene  # noqa: PLC0415  the other machine has no portraits

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write_scene(folder / "clip.avi", SCRIPT)
    call = ["enroll", ENROLLED.person, str(ENROLLED.file), "--data", str(folder / "data")]
    subprocess.run([sys.executable, "-m", "edgegate", *call], check=True, stdout=subprocess.DEVNULL)


def emulated(root: Path, *arguments: str) -> list[str]:
    """The command that runs Python there, in a mount namespace with a Pi's /proc/cpuinfo."""
    (root / "cpuinfo").write_text(CPUINFO)
    mounts = (
        f"mkdir -p {root}/proc {root}/sys && mount -t proc proc {root}/proc && mount --rbind /sys {root}/sys"
        f" && mount --bind {root}/cpuinfo {root}/proc/cpuinfo"
    )
    environment = "PATH=/usr/bin:/usr/sbin:/bin:/sbin HOME=/root XDG_CONFIG_HOME=/clip/config PYTHONPATH=/opt/edgegate"
    run = f'env -i {environment} chroot {root} /{QEMU} -cpu {CPU} /usr/bin/python3 "$@"'
    return ["unshare", "--mount", "sh", "-c", f"{mounts} && exec {run}", "python3", *arguments]


def read(command: Sequence[str]) -> list[dict[str, Any]]:
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    return [json.loads(line) for line in done.stdout.splitlines()]


def compare(here: list[dict[str, Any]], there: list[dict[str, Any]]) -> int:
    """Print how far the two are apart; 1 where they decide differently, in any frame."""
    for machine in (here[0], there[0]):
        print(machine["machine"], "Python", machine["python"], machine["parts"])
    decided = [[line["events"] for line in machine[1:]] for machine in (here, there)]
    print("decisions:", [event for events in decided[0] for event in events])
    for name in ("own", "pooled"):
        apart = [abs(a[name] - b[name]) for a, b in zip(here[1:], there[1:], strict=True) if name in a and name in b]
        print(
            f"{name} score: {len(apart)} frames, apart by {max(apart):.2g} at most, {sum(apart) / len(apart):.2g} mean"
        )
    corners = [
        max(abs(x - y) for x, y in zip(a["box"], b["box"], strict=True))
        for a, b in zip(here[1:], there[1:], strict=True)
        if "box" in a and "box" in b
    ]
    print(f"box: {len(corners)} frames, a corner is apart by {max(corners):.2g} pixels at most")
    same_faces = [line.keys() for line in here[1:]] == [line.keys() for line in there[1:]]
    if decided[0] != decided[1] or not same_faces:
        print("they decide differently", decided[1], file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
