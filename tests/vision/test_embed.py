"""Embeddings know a face again, and notice a colour mistake that would otherwise pass in silence."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER
from edgegate.types import Embedding, Image
from edgegate.vision.align import CHIP_SIZE
from edgegate.vision.analyzer import Analyzer
from edgegate.vision.detect import BlazeFace
from edgegate.vision.embed import Embedder
from edgegate.vision.landmarks import Landmarker
from tests.vision.scenes import Scene, chip_of, frame, make_scene

Embed = Callable[[Image], Embedding]


@pytest.fixture(scope="module")
def embed(analyzer: Analyzer) -> Embed:
    def run(image: Image) -> Embedding:
        face = analyzer.describe(frame(image), analyzer.detect(frame(image))[0])
        assert face.embedding is not None, face.quality
        return face.embedding

    return run


def variants(portrait: object) -> dict[str, Image]:
    """Returns what distance, light and a sensor do to one face."""
    rng = np.random.default_rng(7)
    near = make_scene(portrait, 140)  # type: ignore[arg-type]
    noisy = np.clip(near + rng.normal(0, 8, near.shape), 0, 255).astype(np.uint8)
    return {
        "far": make_scene(portrait, 60, (200, 200)),  # type: ignore[arg-type]
        "noisy": noisy,
        "dark": (near * 0.45).astype(np.uint8),
        "bright": np.clip(near * 1.25, 0, 255).astype(np.uint8),
        "aside": make_scene(portrait, 110, (480, 300)),  # type: ignore[arg-type]
    }


@pytest.mark.parametrize("change", ["far", "noisy", "dark", "bright", "aside"])
def test_the_same_person_is_nearer_than_another(embed: Embed, change: str) -> None:
    own, other = embed(make_scene(ASTRONAUT, 140)), embed(make_scene(GRACE_HOPPER, 140))
    seen, seen_other = embed(variants(ASTRONAUT)[change]), embed(variants(GRACE_HOPPER)[change])
    strangers = max(float(own @ seen_other), float(other @ seen), float(own @ other))
    assert min(float(own @ seen), float(other @ seen_other)) > strangers + 0.03


def test_an_embedding_has_length_one(embed: Embed, scene: Scene) -> None:
    vector = embed(scene(ASTRONAUT, 100))
    assert vector.shape == (128,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_chip_and_its_mirror_image_give_the_same(
    embedder: Embedder, blazeface: BlazeFace, landmarker: Landmarker, astronaut: Image
) -> None:
    chip = chip_of(astronaut, blazeface, landmarker)
    assert np.allclose(embedder.embed(chip), embedder.embed(np.ascontiguousarray(chip[:, ::-1])), atol=1e-6)


def test_swapped_colours_are_noticed(
    embedder: Embedder, blazeface: BlazeFace, landmarker: Landmarker, astronaut: Image
) -> None:
    chip = chip_of(astronaut, blazeface, landmarker)
    assert chip.shape == (CHIP_SIZE, CHIP_SIZE, 3)
    skin = chip[80:110, 40:60].reshape(-1, 3).mean(axis=0)
    assert skin[0] > skin[2] + 20, "skin is redder than blue, so the chip is RGB"
    swapped = embedder.embed(np.ascontiguousarray(chip[:, :, ::-1]))
    assert float(embedder.embed(chip) @ swapped) < 0.995


def test_the_chip_puts_the_eyes_where_the_network_expects_them(
    blazeface: BlazeFace, landmarker: Landmarker, scene: Scene
) -> None:
    tilted = cv2.warpAffine(
        scene(GRACE_HOPPER, 120),
        cv2.getRotationMatrix2D((320, 240), 25, 1.0),
        (640, 480),
        borderValue=(120, 125, 118),
    )
    upright = chip_of(scene(GRACE_HOPPER, 120), blazeface, landmarker)
    turned = chip_of(np.asarray(tilted, np.uint8), blazeface, landmarker)
    middle = (slice(30, 120), slice(30, 120))
    assert np.corrcoef(upright[middle].ravel(), turned[middle].ravel())[0, 1] > 0.95
