"""A backbone with two heads, as the published tracker has them: a maximum over the picture, hidden layer, answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from converter.architectures.weights import Weights, is_whole, load_whole, loading

Features: TypeAlias = Callable[[Any, float, str | None], Any]
"""From `image` (0…255), the width multiplier and pretrained weights to a map of features."""

Heads: TypeAlias = Callable[[Any, int, int], dict[str, Any]]
"""From a map of features, the number of classes and the width of hidden layers to `class` and `box`."""


@dataclass(frozen=True)
class Backbone:
    name: str
    features: Features
    heads: Heads
    head: int = 2048
    least_size: int = 32
    multiple: int = 1
    """Of which the input size must be one."""
    widths: bool = False
    pretrained: bool = False


def pooled_heads(features: Any, classes: int, head: int) -> dict[str, Any]:
    """The published heads. What a maximum over the picture forgets is where it was, unless the features know."""
    from keras import layers  # noqa: PLC0415 - heavy, and only building needs it

    answers = {}
    for name, units, activation in (("class", classes, "softmax"), ("box", 4, "sigmoid")):
        pooled = layers.GlobalMaxPooling2D(name=f"{name}_pool")(features)
        hidden = layers.Dense(head, activation="relu", name=f"{name}_hidden")(pooled)
        answers[name] = layers.Dense(units, activation=activation, name=name)(hidden)
    return answers


def build_backbone(
    backbone: Backbone, *, classes: int, input_size: int, width: float, head: int, weights: Weights
) -> Any:
    """A keras.Model; raises EdgegateError where the weights cannot be had or do not fit."""
    import keras  # noqa: PLC0415

    image = keras.Input((input_size, input_size, 3), name="image")
    of_backbone = None if weights is None or is_whole(weights) else str(weights)
    with loading(backbone.name, weights):
        features = backbone.features(image, width, of_backbone)
    model = keras.Model(image, backbone.heads(features, classes, head), name=f"tracker_{backbone.name}")
    if is_whole(weights):
        load_whole(model, weights)
    return model
