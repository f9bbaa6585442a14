"""A door in a booted system, and its figures."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.booted import images, kernel
from tests.booted.door import Door
from tests.booted.kernel import Kernel

FULL = bool(os.environ.get("FULL"))
"""True if the published figures are measured, on a machine that does nothing else."""

SLACK = 0.0 if FULL else 0.6
"""Seconds by which every limit is looser otherwise: a busy machine is no fault of the door. A dead keeper's door that
only its restart locks takes longer still."""

FIGURES = pytest.StashKey[dict[str, list[float]]]()


class Figures:
    """Measured seconds by name; their table is printed when the tests are over."""

    def __init__(self, measured: dict[str, list[float]]) -> None:
        self._measured = measured

    def add(self, name: str, seconds: list[float]) -> None:
        self._measured.setdefault(name, []).extend(seconds)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name, seconds in config.stash[FIGURES].items():
        low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
        terminalreporter.write_line(f"{name}: {len(seconds)} times, {low:.3f} to {high:.3f} s, median {middle:.3f} s")


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    return Figures(request.config.stash[FIGURES])


@pytest.fixture
def times() -> int:
    """Repetitions of a measurement: 3, or with FULL=1 as often as the published figures want."""
    return 50 if FULL else 3


@pytest.fixture(scope="session")
def machine() -> Kernel:
    found = kernel.find()
    if found is None:
        pytest.exit("no kernel to boot, so that nothing was tested: `make kernel` builds one", returncode=1)
    return found


@pytest.fixture(scope="session")
def image(machine: Kernel) -> Path:
    """A disk with this checkout installed."""
    return images.installed(machine)


@pytest.fixture
def new_door(machine: Kernel, image: Path, tmp_path: Path) -> Iterator[Door]:
    """A door for one test alone, not booted yet: a fresh disk, as it was left by the installation."""
    door = Door(machine, image, tmp_path)
    with door.guest:
        yield door


@pytest.fixture(scope="module")
def door(machine: Kernel, image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door in service, for all tests of a module: leave it as you found it."""
    door = Door(machine, image, tmp_path_factory.mktemp("door"))
    with door.guest:
        yield door.boot()
