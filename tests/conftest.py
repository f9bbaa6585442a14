"""The program, short recordings, and a gallery with one person in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.door_scenes import ENROLLED, SCENES, write_scene
from tests.support.program import Program

# The same examples everywhere, and no verdict on how fast the machine was.
settings.register_profile("edgegate", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("edgegate")


@pytest.fixture(scope="session", autouse=True)
def _keys_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test makes or reads a key where the person who runs them keeps theirs."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        environment.delenv("CREDENTIALS_DIRECTORY", raising=False)
        environment.delenv("EDGEGATE_CONFIG", raising=False)
        yield


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A scene of `door_scenes` by name, as an .avi; each is rendered once."""
    folder = tmp_path_factory.mktemp("scenes")

    def get(name: str) -> Path:
        path = folder / f"{name}.avi"
        return path if path.exists() else write_scene(path, SCENES[name])

    return get


@pytest.fixture(scope="session")
def _enrolled_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("enrolled")
    call = [sys.executable, "-m", "edgegate", "enroll", ENROLLED.person, str(ENROLLED.file), "--data", str(data)]
    subprocess.run(call, check=True, capture_output=True)
    return data


@pytest.fixture
def edgegate(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Program:
    """The program, with nobody enrolled."""
    return Program(tmp_path / "data", capfd)


@pytest.fixture
def door(edgegate: Program, _enrolled_data: Path) -> Program:
    """The program, with one person enrolled."""
    shutil.copytree(_enrolled_data, edgegate.data)
    return edgegate
