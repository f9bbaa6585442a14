"""A design is a backbone and what stands on it: a tracker's two heads, a classifier's softmax, an embedding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from converter.architectures.weights import Weights, has_layer, is_whole, load_whole, loading

Features: TypeAlias = Callable[[Any, float, str | None], Any]
"""From `image` (0…255), the width multiplier and pretrained weights to a map of features."""

Heads: TypeAlias = Callable[[Any, int, int], dict[str, Any]]
"""From the features, the number of classes and `head` (the width of hidden layers, the length of an embedding) to
the outputs that the task has."""

Task: TypeAlias = Literal["tracker", "classifier", "embedder"]
"""As model packs call them."""


@dataclass(frozen=True)
class Backbone:
    name: str
    features: Features
    heads: Heads
    task: Task = "tracker"
    input_size: int = 120
    head: int = 2048
    least_size: int = 32
    multiple: int = 1
    """Of which the input size must be one."""
    widths: bool = False
    pretrained: bool = False
    frozen: tuple[str, ...] = ()
    """Beginnings of the names of layers that stay as they are where the network begins with weights that it is given,
    unless a recipe says otherwise."""
    top: tuple[str, ...] = ()
    """Layers that a file of weights may be without; they are new then, and so not to be frozen."""
    template: str | None = None
    """The alignment of faces for it, and so its one input size; None where they are not."""

    on_a_pack: bool = False
    """It is no network of its own, but stands on that of an embedder pack."""

    def new(self, weights: Weights) -> tuple[str, ...]:
        """Names of the layers of `top` that begin at random, because these weights are without them."""
        return tuple(name for name in self.top if not has_layer(weights, name))

    @property
    def design(self) -> str:
        return f"{self.task}/{self.name}"


def pooled_heads(features: Any, classes: int, head: int) -> dict[str, Any]:
    """The published heads. What a maximum over the picture forgets is where it was, unless the features know."""
    from keras import layers  # noqa: PLC0415 - heavy, and only building needs it

    answers = {}
    for name, units, activation in (("class", classes, "softmax"), ("box", 4, "sigmoid")):
        pooled = layers.GlobalMaxPooling2D(name=f"{name}_pool")(features)
        hidden = layers.Dense(head, activation="relu", name=f"{name}_hidden")(pooled)
        answers[name] = layers.Dense(units, activation=activation, name=name)(hidden)
    return answers


def softmax_head(features: Any, classes: int, _head: int) -> dict[str, Any]:
    """One dense layer to a classifier's only output."""
    from keras import layers  # noqa: PLC0415

    return {"class_probs": layers.Dense(classes, activation="softmax", name="class_probs")(features)}


def build_backbone(
    backbone: Backbone, *, classes: int, input_size: int, width: float, head: int, weights: Weights
) -> Any:
    """A keras.Model; raises EdgegateError where the weights cannot be had or do not fit."""
    import keras  # noqa: PLC0415

    image = keras.Input((input_size, input_size, 3), name="image")
    of_backbone = None if weights is None or is_whole(weights) else str(weights)
    with loading(backbone.name, weights):
        features = backbone.features(image, width, of_backbone)
    model = keras.Model(image, backbone.heads(features, classes, head), name=backbone.design.replace("/", "_"))
    if is_whole(weights):
        load_whole(model, weights)
    return model
