"""Assumptions about a network are tested on labelled photos: decided, without a difference, or asked about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from converter.networks import trial
from converter.networks.guess import Guess, Wanted, guess
from converter.networks.interface import Network, Output
from converter.networks.trial import Photos
from edgegate.errors import ModelError, UsageError

pytestmark = pytest.mark.train

SIDE, COUNT = 16, 80
CLASSES = ("unknown", "anna")


def photos() -> Photos:
    """Red pictures are of Anna, green ones of nobody; the brighter the picture, the further right she is."""
    rng = np.random.default_rng(3)
    labels = np.arange(COUNT) % 2
    place = rng.uniform(0.1, 0.6, COUNT)
    pictures = np.zeros((COUNT, SIDE, SIDE, 3), np.uint8)
    pictures[np.arange(COUNT), :, :, np.where(labels, 0, 1)] = np.round(255 * place)[:, None, None]
    boxes = np.stack([place, place / 2, place + 0.3, place / 2 + 0.4], axis=1).astype(np.float32)
    return Photos(pictures, labels.astype(np.int64), boxes, np.ones(COUNT, bool))


def colour_network(change: Callable[[Any, Any], list[Any]] | None = None) -> Network:
    """Answers right to levels 0…1 in RGB, by arithmetic; `change` turns its probability and boxes into other forms."""

    def layers(pictures: Any, *, training: bool) -> list[Any]:
        assert not training
        levels = np.asarray(pictures).mean(axis=(1, 2))
        red, green = levels[:, 0], levels[:, 1]
        anna = 1 / (1 + np.exp(-np.clip(60 * (red - green), -50, 50)))
        place = red + green
        boxes = np.stack([place, place / 2, place + 0.3, place / 2 + 0.4], axis=1)
        return (change or (lambda p, b: [np.stack([1 - p, p], 1), b]))(anna, boxes)

    outputs = layers(np.zeros((1, SIDE, SIDE, 3)), training=False)
    names = tuple(Output(f"dense_{index}", one.shape[1], "") for index, one in enumerate(outputs))
    return Network("facetracker.h5", layers, SIDE, SIDE, "float32", names)


def tried(network: Network, wanted: Wanted | None = None, seen: Photos | None = None) -> Guess:
    wanted, seen = wanted or Wanted(), seen or photos()
    return trial.tested(network, guess(network, wanted, CLASSES, seen.pictures), wanted, seen)


def test_the_reading_that_explains_the_labels_is_named_with_the_next_best() -> None:
    found = tried(colour_network())
    assert (found.reading.pixels, found.reading.channels, found.reading.box) == ("0..1", "rgb", "xyxy")
    assert "tested: accuracy 1.00, box IoU 0.99; next best" in found.reasons["pixels"]
    assert found.reasons["channels"].startswith("rgb (tested")
    assert found.reasons["photos"] == "80, with them: accuracy 1.00, box IoU 0.99"


@pytest.mark.parametrize(
    ("change", "part", "value"),
    [
        (lambda p, b: [np.stack([p, 1 - p], 1), b], "order", (1, 0)),
        (lambda p, b: [(1 - p)[:, None], b], "order", (1, 0)),
        (lambda p, b: [p[:, None], b[:, [1, 0, 3, 2]]], "box", "yxyx"),
        (lambda p, b: [p[:, None], np.concatenate([b[:, :2], b[:, 2:] - b[:, :2]], 1)], "box", "xywh"),
        (
            lambda p, b: [p[:, None], np.concatenate([(b[:, :2] + b[:, 2:]) / 2, b[:, 2:] - b[:, :2]], 1)],
            "box",
            "cxcywh",
        ),
        (lambda p, b: [p[:, None], b * SIDE], "box_unit", "pixels"),
        (lambda p, b: [b, np.stack([1 - p, p], 1)], "class_output", 1),
    ],
)
def test_other_forms_are_found(change: Any, part: str, value: Any) -> None:
    assert getattr(tried(colour_network(change)).reading, part) == value


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        (Wanted(channels="bgr"), "--channels bgr does not explain the labels: accuracy 0.50"),
        (Wanted(pixels="0..255"), "--pixels 0..255 does not explain the labels"),
        (Wanted(box="cxcywh"), "--box cxcywh in shares does not explain the labels"),
        (Wanted(labels=("anna", "unknown")), "--labels anna,unknown does not explain the labels"),
    ],
)
def test_what_was_set_wrongly_is_refused_with_the_better_value(wanted: Wanted, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        tried(colour_network(), wanted)


def test_an_order_of_colours_that_makes_no_difference_is_said_to() -> None:
    seen = photos()
    grey = Photos(np.repeat(seen.pictures.max(axis=3, keepdims=True), 3, axis=3), seen.labels, seen.boxes, seen.boxed)

    def by_brightness(pictures: Any, *, training: bool) -> list[Any]:
        assert not training
        place = np.asarray(pictures).mean(axis=(1, 2))[:, 0]
        anna = np.isin(np.round(place * 255), np.round(known * 255)).astype(np.float32)
        boxes = np.stack([place, place / 2, place + 0.3, place / 2 + 0.4], axis=1)
        return [np.stack([1 - anna, anna], 1), boxes]

    known = (grey.pictures[seen.labels == 1].max(axis=(1, 2, 3)) / 255).astype(np.float32)
    network = Network("n", by_brightness, SIDE, SIDE, "float32", (Output("who", 2, ""), Output("where", 4, "")))
    found = tried(network, seen=grey)
    assert found.reading.channels == "rgb"
    assert found.reasons["channels"].startswith("rgb (makes no difference on these photos")


def test_what_the_photos_do_not_tell_is_asked_about() -> None:
    """Nobody's box is known, and boxes of either form would be as good."""
    seen = photos()
    boxes = np.tile(np.array([[0.25, 0.25, 0.75, 0.75]], np.float32), (COUNT, 1))
    network = colour_network(lambda p, b: [p[:, None], np.tile([0.25, 0.25, 0.6, 0.6], (len(p), 1)) + 0 * b])
    with pytest.raises(UsageError, match=r"box: the photos do not tell it: .* say which with --box"):
        tried(network, seen=Photos(seen.pictures, seen.labels, with_noise(boxes), seen.boxed))


def with_noise(boxes: np.ndarray) -> np.ndarray:
    """Half of them as corners would have them, half as width and height would."""
    mixed = boxes.copy()
    mixed[::2] = (0.25, 0.25, 0.6, 0.6)
    mixed[1::2] = (0.25, 0.25, 0.85, 0.85)
    return mixed


def test_a_network_of_other_people_is_no_reading_at_all() -> None:
    seen = photos()
    rng = np.random.default_rng(5)
    strangers = Photos(rng.integers(0, 256, seen.pictures.shape, np.uint8), seen.labels, seen.boxes * 0, ~seen.boxed)
    with pytest.raises(ModelError, match="no reading of it explains the labels of 80 photos"):
        tried(colour_network(), seen=strangers)


def test_few_photos_test_nothing_and_say_so() -> None:
    seen = photos()
    few = Photos(seen.pictures[:19], seen.labels[:19], seen.boxes[:19], seen.boxed[:19])
    found = tried(colour_network(), seen=few)
    assert found.reasons["photos"] == "19, too few to test what is assumed, which takes 20"
    assert "(assumed" in found.reasons["channels"]


def test_a_unit_that_was_set_wrongly_explains_no_form() -> None:
    with pytest.raises(UsageError, match="box: the photos do not tell it"):
        tried(colour_network(), Wanted(box_unit="pixels"))
    network = colour_network(lambda p, b: [p[:, None], b * SIDE])
    assert tried(network, Wanted(box_unit="pixels")).reading.box == "xyxy"
