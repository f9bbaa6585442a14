"""The rebuilt network is dlib's network, by dlib's own word; the int8 one stays close to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER, read, varied_chips
from converter.imports.dlib_dat import Conv, DlibNetwork
from edgegate.types import Embedding, Image
from edgegate.vision.align import align
from edgegate.vision.packs import load_pack, shipped
from edgegate.vision.tflite import Model, cosine

pytestmark = [pytest.mark.train, pytest.mark.timeout(300)]

Embed = Callable[[Image], Embedding]


@pytest.fixture(scope="module")
def chips() -> list[Image]:
    plain = [align(read(portrait), portrait.landmarks) for portrait in (ASTRONAUT, GRACE_HOPPER)]
    return plain + list(varied_chips(30, seed=9))


@pytest.fixture(scope="module")
def embed_float(network: DlibNetwork) -> Embed:
    from converter.imports.dlib_resnet import build  # noqa: PLC0415 - needs Keras

    model = build(network)
    assert model.count_params() == 5_607_488
    return lambda chip: np.asarray(model(chip[np.newaxis].astype(np.float32))["embedding"])[0]


@pytest.fixture(scope="module")
def embed_dlib(dat: bytes, tmp_path_factory: pytest.TempPathFactory) -> Embed:
    import dlib  # noqa: PLC0415 - comes with the `train` extra

    file: Path = tmp_path_factory.mktemp("dlib") / "network.dat"
    file.write_bytes(dat)
    network = dlib.face_recognition_model_v1(str(file))
    return lambda chip: np.array(network.compute_face_descriptor(chip), np.float32)


def test_the_file_holds_the_whole_network(network: DlibNetwork) -> None:
    assert sum(isinstance(layer, Conv) for layer in network.layers) == 29
    assert network.size == 150
    assert network.mean == pytest.approx((122.782, 117.001, 104.298), abs=1e-3)


def test_float_embeddings_are_dlibs(embed_float: Embed, embed_dlib: Embed, chips: list[Image]) -> None:
    worst = max(float(np.abs(embed_float(chip) - embed_dlib(chip)).max()) for chip in chips)
    assert worst <= 1e-5


def test_int8_stays_close_to_float(embed_float: Embed, chips: list[Image]) -> None:
    shipped_int8 = Model(load_pack(shipped("face-embedder"), "embedder"))
    cosines = [cosine(shipped_int8.run(chip)["embedding"][0], embed_float(chip)) for chip in chips]
    assert np.mean(cosines) >= 0.998
    assert min(cosines) >= 0.995
