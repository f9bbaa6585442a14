"""The packs, loaded once on the runtime that $EDGEGATE_RUNTIME names, and scenes made of two portraits."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER, read
from edgegate.types import Image
from edgegate.vision.analyzer import Analyzer, build_analyzer
from edgegate.vision.detect import BlazeFace
from edgegate.vision.embed import Embedder
from edgegate.vision.landmarks import Landmarker
from edgegate.vision.packs import Task, load_pack, shipped
from edgegate.vision.tflite import Model, Runtime
from tests.vision.scenes import Scene, make_scene


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    return cast("Runtime", os.environ.get("EDGEGATE_RUNTIME", "auto"))


@pytest.fixture(scope="session")
def model(runtime: Runtime) -> Callable[[str, Task], Model]:
    return lambda name, task: Model(load_pack(shipped(name), task), runtime=runtime)


@pytest.fixture(scope="session")
def blazeface(model: Callable[[str, Task], Model]) -> BlazeFace:
    return BlazeFace(model("face-detector", "detector"))


@pytest.fixture(scope="session")
def landmarker(model: Callable[[str, Task], Model]) -> Landmarker:
    return Landmarker(model("face-landmarks", "landmarks"))


@pytest.fixture(scope="session")
def embedder(model: Callable[[str, Task], Model]) -> Embedder:
    return Embedder(model("face-embedder", "embedder"))


@pytest.fixture(scope="session")
def analyzer(runtime: Runtime) -> Analyzer:
    return build_analyzer(runtime=runtime)


@pytest.fixture(scope="session")
def astronaut() -> Image:
    return read(ASTRONAUT)


@pytest.fixture(scope="session")
def grace_hopper() -> Image:
    return read(GRACE_HOPPER)


@pytest.fixture(scope="session")
def scene() -> Scene:
    return make_scene


@pytest.fixture
def pack_copy(tmp_path: Path) -> Callable[[str], Path]:
    """A pack in a folder of its own, to be damaged."""
    return lambda name: Path(shutil.copytree(shipped(name), tmp_path / name))
