"""Fixtures of evaluation."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.door_scenes import ENROLLED, STRANGER
from tests.support.photo_folders import save_photos


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, four photos each in two conditions, and one photo without a face."""
    folder = tmp_path_factory.mktemp("people")
    for person, portrait in (("ann", ENROLLED), ("bea", STRANGER)):
        save_photos(folder / person / "bright", portrait, (1.0, 1.1))
        save_photos(folder / person / "dim", portrait, (0.7, 0.85))
    assert cv2.imwrite(str(folder / "ann" / "dim" / "dim_9.png"), np.full((200, 200, 3), 90, np.uint8))
    return folder
