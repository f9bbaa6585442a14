"""Stalls and recoveries, by times alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, cycle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegate.camera import CameraHealth
from edgegate.events.vocabulary import CameraFault, EventType
from edgegate.types import Frame, Image
from tests.support.fakes import frame_at

STALLED, RECOVERED = EventType.CAMERA_STALLED, EventType.CAMERA_RECOVERED


def test_a_stall_and_its_end_are_told_once() -> None:
    health = CameraHealth(stall_seconds=3.0)
    health.frame(frame_at(10.0))
    assert [health.check(now) for now in (10.0, 12.9, 13.0, 14.0)] == [None, None, STALLED, None]
    assert health.stalled
    health.frame(frame_at(14.5))
    assert [health.check(now) for now in (14.5, 14.6)] == [RECOVERED, None]
    assert not health.stalled


def test_a_camera_that_never_gave_a_frame_stalls_too() -> None:
    health = CameraHealth(stall_seconds=3.0)
    assert [health.check(now) for now in (100.0, 102.0, 103.0)] == [None, None, STALLED]


def test_a_burst_of_old_frames_is_no_recovery() -> None:
    health = CameraHealth(stall_seconds=3.0)
    health.frame(frame_at(10.0))
    assert health.check(20.0) is STALLED
    health.frame(frame_at(11.0))
    assert health.check(20.1) is None
    health.frame(frame_at(20.1))
    assert health.check(20.2) is RECOVERED


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 10)), max_size=50))
def test_stalls_and_recoveries_alternate(steps: list[tuple[bool, float]]) -> None:
    health, now = CameraHealth(stall_seconds=3.0), 0.0
    told = []
    for with_frame, seconds in steps:
        now += seconds
        if with_frame:
            health.frame(frame_at(now))
        told.append(health.check(now))
    assert [what for what in told if what] == ([STALLED, RECOVERED] * len(told))[
        : sum(what is not None for what in told)
    ]


def scene(seed: int = 0) -> Image:
    """A picture with something in it, and the noise of a sensor."""
    picture = np.tile(np.linspace(40, 200, 160, dtype=np.uint8)[:, None], (120, 1, 3))
    noisy: Image = picture + np.random.default_rng(seed).integers(0, 4, picture.shape, np.uint8)
    return noisy


def shown(health: CameraHealth, images: Iterator[Image] | Image, start: float, seconds: float) -> list[bool]:
    """Ten frames a second, checked each; whether each was worth looking at."""
    passed = []
    for step in range(round(seconds * 10)):
        at = start + step / 10
        image = next(images) if isinstance(images, Iterator) else images
        passed.append(health.frame(Frame(at=at, seq=step, image=image)))
        health.check(at)
    return passed


def test_the_same_picture_again_and_again_is_a_stall() -> None:
    health = CameraHealth(stall_seconds=1.5, frozen_seconds=1.5)
    assert all(shown(health, map(scene, count()), 0.0, 3.0))
    passed = shown(health, scene(), 3.0, 1.5)
    assert not health.stalled
    assert [index for index, worth in enumerate(passed) if worth] == [0, 10], "a repeated picture is no new evidence"
    assert not any(shown(health, scene(), 4.5, 3.0))
    assert health.stalled
    assert health.reason(None)[0] is CameraFault.FROZEN
    assert all(shown(health, map(scene, count(5)), 7.5, 0.1))
    assert not health.stalled


def test_one_pixel_more_or_less_is_another_picture() -> None:
    health = CameraHealth(stall_seconds=1.5, frozen_seconds=1.5)
    images = [scene(), scene()]
    images[1][77, 33, 1] ^= 1
    assert all(shown(health, cycle(images), 0.0, 4.0))
    assert not health.stalled


def test_a_recording_may_show_the_same_picture_for_ever() -> None:
    health = CameraHealth(stall_seconds=1.5)
    assert all(shown(health, scene(), 0.0, 4.0))
    assert not health.stalled


@pytest.mark.parametrize(("level", "word"), [(0, "dark"), (20, "dark"), (128, "even surface"), (255, "blinded")])
def test_a_covered_lens_is_told_and_is_neither_frozen_nor_stalled(level: int, word: str) -> None:
    health = CameraHealth(stall_seconds=1.5, frozen_seconds=1.5)
    black = np.full((120, 160, 3), level, np.uint8)
    shown(health, map(scene, count()), 0.0, 1.0)
    shown(health, black, 1.0, 2.5)
    assert health.empty is None, "a hand before the lens is no fault"
    shown(health, black, 3.5, 2.0)
    assert word in (health.empty or "")
    assert not health.stalled
    shown(health, map(scene, count(1)), 5.5, 1.0)
    assert health.empty is None


def test_the_noise_of_a_covered_sensor_is_nothing_to_see() -> None:
    noise = np.random.default_rng(1)
    dark = (noise.normal(12, 6, (480, 640, 3)).clip(0, 255).astype(np.uint8) for _ in count())
    health = CameraHealth(stall_seconds=1.5, frozen_seconds=1.5)
    shown(health, dark, 0.0, 5.0)
    assert health.empty is not None
