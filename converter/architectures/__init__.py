"""The designs, by task: trackers look at a whole frame, classifiers and embedders at a face that was cut out.

Every design takes `image`, (batch, size, size, 3) RGB as numbers 0…255, scales it itself, and answers a dict. A tracker
answers `class` (batch, classes), probabilities, and `box` (batch, 4), x1 y1 x2 y2 in 0…1 of the frame; a classifier
`class_probs` (batch, classes); in both, class 0 is nobody, or somebody unknown. An embedder answers `embedding`
(batch, head), of any length: what counts is its direction. Keras is imported when a network is built, not before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converter.architectures import classifiers, cnn, embedders, mobilenet_v2, mobilenet_v3_small, resnet50, vgg16
from converter.architectures.backbone import Backbone, Task, build_backbone
from converter.architectures.weights import Weights, parse_weights
from edgegate.errors import UsageError

INPUT_SIZE = 120
HEAD = 2048

BACKBONES: Mapping[str, Backbone] = {
    module.BACKBONE.name: module.BACKBONE for module in (vgg16, resnet50, mobilenet_v2, mobilenet_v3_small, cnn)
}
"""The trackers'."""

DESIGNS: Mapping[str, Backbone] = {
    backbone.design: backbone for backbone in (*BACKBONES.values(), *classifiers.ALL, *embedders.ALL)
}


@dataclass(frozen=True, slots=True)
class Design:
    """A design with its own defaults."""

    name: str
    task: Task
    input: tuple[int, int, int]
    classes: int
    head: int
    parameters: int
    outputs: Mapping[str, tuple[int, ...]]
    widths: bool
    """True if the width multiplier may be other than 1."""
    pretrained: bool
    """True if there are weights trained on ImageNet."""


def build(
    name: str,
    *,
    classes: int,
    input_size: int | None = None,
    width: float = 1.0,
    head: int | None = None,
    weights: str | None = None,
) -> Any:
    """A keras.Model; see the module's docstring for its input and outputs.

    `head` is the width of both heads' hidden layers (2048 as published; cnn's own is smaller), or the length of an
    embedding; sizes left out are the design's own. `weights` is None or "none", "imagenet", or a file: `.keras` or
    `.weights.h5` of this very network, `.h5` of its backbone. Raises UsageError for what no design is, EdgegateError
    where weights cannot be had or do not fit.
    """
    backbone = find(name)
    source = parse_weights(weights)
    size = input_size or backbone.input_size
    _check(name, backbone, classes=classes, input_size=size, width=width, source=source)
    return build_backbone(
        backbone, classes=classes, input_size=size, width=width, head=head or backbone.head, weights=source
    )


def find(name: str) -> Backbone:
    """Raises UsageError, naming those that are there."""
    if name not in DESIGNS:
        raise UsageError(f"no design {name!r}; there are {', '.join(DESIGNS)}")
    return DESIGNS[name]


def designs(classes: int = 3) -> tuple[Design, ...]:
    """Every design that is a network of its own, built once each to count its parameters."""
    return tuple(_describe(name, backbone, classes) for name, backbone in DESIGNS.items() if not backbone.on_a_pack)


def _describe(name: str, backbone: Backbone, classes: int) -> Design:
    model = build(name, classes=classes)
    return Design(
        name=name,
        task=backbone.task,
        input=tuple(model.inputs[0].shape[1:]),
        classes=classes,
        head=backbone.head,
        parameters=model.count_params(),
        outputs={key: tuple(output.shape[1:]) for key, output in model.output.items()},
        widths=backbone.widths,
        pretrained=backbone.pretrained,
    )


def _check(name: str, backbone: Backbone, *, classes: int, input_size: int, width: float, source: Weights) -> None:
    if classes < 2:
        raise UsageError(f"{name}: {classes} classes; it takes at least two: unknown, and a person")
    if input_size < backbone.least_size:
        raise UsageError(f"{name}: input size {input_size} is too small; it takes {backbone.least_size} or more")
    if input_size % backbone.multiple:
        raise UsageError(
            f"{name}: input size {input_size} is no multiple of {backbone.multiple}, and it takes only those"
        )
    if backbone.template and input_size != backbone.input_size:
        raise UsageError(
            f"{name}: faces are aligned for it at {backbone.input_size} pixels, so its input size is not {input_size}"
        )
    if width != 1.0 and not backbone.widths:
        raise UsageError(f"{name}: it has one width, so the multiplier is 1, not {width:g}; mobilenet_v2 and cnn vary")
    if width <= 0:
        raise UsageError(f"{name}: a width multiplier is more than 0, not {width:g}")
    if source == "imagenet" and not backbone.pretrained:
        raise UsageError(f'{name}: nobody published ImageNet weights for it; train it with weights = "none" or a file')
    if isinstance(source, Path) and not backbone.on_a_pack and not source.is_file():
        raise UsageError(f"{source}: no such file of weights")
