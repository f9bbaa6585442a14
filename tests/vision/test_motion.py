"""Noise and slow light are not motion; somebody who comes is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from converter.compositions.portraits import GRACE_HOPPER
from edgegate.types import Image
from edgegate.vision.motion import MotionGate
from tests.vision.scenes import Scene, frame

FPS = 15


def noisy(image: Image, seed: int, deviation: float) -> Image:
    noise = np.random.default_rng(seed).normal(0, deviation, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def wall() -> Image:
    gradient = np.linspace(60, 180, 640, dtype=np.float32)[np.newaxis, :, np.newaxis]
    return np.broadcast_to(gradient, (480, 640, 3)).astype(np.uint8)


def watch(gate: MotionGate, images: Iterator[Image], start: float = 0.0) -> list[bool]:
    return [gate.moved(frame(image, start + index / FPS)) for index, image in enumerate(images)]


@pytest.mark.parametrize("deviation", [0, 5, 12])
def test_a_sensors_noise_is_not_motion(deviation: float) -> None:
    moved = watch(MotionGate(), (noisy(wall(), seed, deviation) for seed in range(60)))
    assert moved == [True] + [False] * 59, "only the first frame, which nothing is known before"


def test_light_that_changes_slowly_is_not_motion() -> None:
    moved = watch(MotionGate(), (np.clip(wall() + index / 10, 0, 255).astype(np.uint8) for index in range(300)))
    assert not any(moved[1:])


@pytest.mark.parametrize("face", [40, 60, 120])
def test_somebody_who_comes_is_motion_at_once(scene: Scene, face: int) -> None:
    gate = MotionGate()
    empty = np.full((480, 640, 3), (120, 125, 118), np.uint8)
    watch(gate, (noisy(empty, seed, 5) for seed in range(30)))
    assert gate.moved(frame(noisy(scene(GRACE_HOPPER, face), 99, 5), at=2.0))


def test_whoever_stands_still_melts_into_the_background_and_leaving_is_motion_again(scene: Scene) -> None:
    gate = MotionGate()
    person, empty = scene(GRACE_HOPPER, 100), np.full((480, 640, 3), (120, 125, 118), np.uint8)
    watch(gate, iter([empty] * 10))
    moved = watch(gate, iter([person] * 600), start=10 / FPS)
    assert moved[0]
    assert not moved[-1]
    assert gate.moved(frame(empty, at=42.0))


def test_after_a_gap_nothing_is_taken_for_granted() -> None:
    gate = MotionGate()
    watch(gate, iter([wall()] * 5))
    assert gate.moved(frame(wall(), at=3600))


def test_a_preview_is_looked_at_instead_of_the_picture() -> None:
    gate = MotionGate()
    small, other = np.zeros((240, 320, 3), np.uint8), np.full((480, 640, 3), 200, np.uint8)
    gate.moved(frame(wall(), at=0.0, preview=small))
    assert not gate.moved(frame(other, at=0.1, preview=small))
