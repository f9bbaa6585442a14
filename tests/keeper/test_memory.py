"""The lock's pages stay in memory, and where that may not be it is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.keepers import Process
from tests.support.paths import ROOT

TRY = "import ctypes, sys; sys.exit(ctypes.CDLL(None).mlockall(1))"
ALLOWED = subprocess.run([sys.executable, "-c", TRY], check=False).returncode == 0

WITHOUT_RIGHTS = """
import os, resource
from edgegate.keeper.memory import load_all
resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
if os.geteuid() == 0:
    os.setuid(65534)
load_all()
print("goes on")
"""


def kilobytes(process: int, what: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{what}:")).split()[1])


@pytest.mark.skipif(not ALLOWED, reason="a process may not lock its memory here: needs root, or ulimit -l unlimited")
def test_the_keeper_and_its_guardian_stay_in_memory(tmp_path: Path) -> None:
    with Process(tmp_path) as keeper:
        keeper.wait_for("READY=1")
        (guardian,) = psutil.Process(keeper.process.pid).children()
        for process in (keeper.process.pid, guardian.pid):
            assert kilobytes(process, "VmLck") > 0.9 * kilobytes(process, "VmRSS")


def test_a_keeper_that_may_not_stay_says_so_and_goes_on() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_RIGHTS], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout == "goes on\n"
    assert "LimitMEMLOCK" in done.stderr
