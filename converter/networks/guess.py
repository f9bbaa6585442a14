"""Works out how a network is to be read from what its file says, and says what it could only assume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from converter.data.dataset import UNKNOWN
from converter.networks.contract import Reading, raw_outputs
from converter.networks.forms import UNITS, BoxForm, BoxUnit, Channels, Pixels, form_of_scores, unit_of_boxes
from converter.networks.interface import Network, Output
from edgegate.errors import ModelError, UsageError
from edgegate.types import Image

BOX_NAMES = ("box", "bbox", "coord", "loc", "regress", "rect", "where")
SCALING = frozenset({"Rescaling", "Normalization", "TrueDivide", "Divide", "Multiply"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The parts of a reading that the user has set; None where one is to be worked out."""

    outputs: Mapping[str, str] | None = None
    """`class` and `box` to the names, or the numbers, of outputs."""
    pixels: Pixels | None = None
    channels: Channels | None = None
    box: BoxForm | None = None
    box_unit: BoxUnit | None = None
    labels: tuple[str, ...] | None = None
    """The network's own classes in its order."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A reading, the pack's classes, and why each part is as it is."""

    reading: Reading
    classes: tuple[str, ...]
    reasons: Mapping[str, str] = field(default_factory=dict)
    """By part: task, outputs, classes, class, box, pixels, channels, input."""

    def because(self, reading: Reading, reasons: Mapping[str, str]) -> Guess:
        return replace(self, reading=reading, reasons={**self.reasons, **reasons})


def guess(network: Network, wanted: Wanted, known: tuple[str, ...] | None, pictures: Image) -> Guess:
    """The likeliest reading.

    Raises UsageError where the outputs fit no task, or the options not the network; ModelError where the network's
    answers are no numbers.

    `known` are a dataset's classes; `pictures` are RGB (n, height, width, 3) of any kind, to see answers of.
    """
    first, second, why = _roles(network, wanted.outputs)
    pixels, reason = _pixels(network)
    reading = Reading(first, second, "probabilities", (), wanted.pixels or pixels, wanted.channels or "rgb")
    outputs = raw_outputs(network, pictures, reading.pixels, reading.channels)
    if not all(np.isfinite(output).all() for output in outputs):
        raise ModelError(
            f"{network.name}: its answers are not numbers for some pictures; its weights are damaged, or its training "
            "has failed"
        )
    scores = form_of_scores(outputs[first])
    classes, order, named = _classes(network, max(2, network.outputs[first].width), wanted.labels, known)
    reading = replace(reading, scores=scores, order=order, box=wanted.box or "xyxy")
    reasons = {
        "task": f"{reading.task}, {_counted(network.outputs)}",
        "outputs": why,
        "classes": f"{', '.join(classes)} {named}",
        "class": _said_of_scores(reading),
        "pixels": f"{reading.pixels} {'(set)' if wanted.pixels else reason}",
        "channels": f"{reading.channels} {'(set)' if wanted.channels else '(assumed: as most pictures are read)'}",
        "input": f"{network.width}x{network.height}",
    }
    if second is not None:
        unit = wanted.box_unit or unit_of_boxes(outputs[second])
        reading = replace(reading, box_unit=unit)
        reasons["box"] = f"{reading.box} in {UNITS[unit]} {'(set)' if wanted.box else '(assumed)'}"
    return Guess(reading, classes, reasons)


def _roles(network: Network, wanted: Mapping[str, str] | None) -> tuple[int, int | None, str]:
    """Indices of the outputs of classes and of the box, and the reason."""
    outputs = network.outputs
    if wanted is not None:
        chosen = {role: _find(network, role, name) for role, name in wanted.items()}
        if "class" not in chosen:
            raise UsageError("--outputs: names no class; write class=NAME,box=NAME, or class=NAME for a classifier")
        if chosen["class"] == chosen.get("box"):
            raise UsageError("--outputs: class and box are the same output; name two")
        _require_box(network, chosen.get("box"))
        return chosen["class"], chosen.get("box"), f"{_said(network, chosen['class'], chosen.get('box'))} (set)"
    if len(outputs) == 1:
        return 0, None, f"{_said(network, 0, None)} (its only one)"
    boxes = [index for index, output in enumerate(outputs) if output.width == 4]
    if len(boxes) > 1:
        boxes = [index for index in boxes if any(word in outputs[index].name.lower() for word in BOX_NAMES)] or [
            index for index in boxes if outputs[index].activation != "softmax"
        ]
    if len(outputs) == 2 and len(boxes) == 1:
        first = 1 - boxes[0]
        return first, boxes[0], f"{_said(network, first, boxes[0])} (by their widths and names)"
    raise UsageError(
        f"{network.name}: which of its outputs is the class and which the box is not clear: {_counted(outputs)}; say "
        f"it with --outputs class=NAME,box=NAME, of {', '.join(output.name for output in outputs)}"
    )


def _find(network: Network, role: str, name: str) -> int:
    names = [output.name for output in network.outputs]
    if role not in {"class", "box"} or not (name in names or (name.isdigit() and int(name) < len(names))):
        raise UsageError(
            f"--outputs {role}={name}: {network.name} has the outputs {', '.join(names)}; write "
            "class=NAME,box=NAME with their names or numbers, from 0"
        )
    return names.index(name) if name in names else int(name)


def _require_box(network: Network, index: int | None) -> None:
    if index is not None and network.outputs[index].width != 4:
        output = network.outputs[index]
        raise UsageError(
            f"--outputs: {output.name} gives {output.width} numbers, and a box has four; the outputs are "
            f"{_counted(network.outputs)}"
        )


def _classes(
    network: Network, count: int, labels: tuple[str, ...] | None, known: tuple[str, ...] | None
) -> tuple[tuple[str, ...], tuple[int, ...], str]:
    """The pack's classes, `UNKNOWN` first; the network's index of each; and the source of their names."""
    if labels is not None:
        return _labelled(network, count, labels, known)
    if known is not None and len(known) != count:
        raise UsageError(
            f"{network.name}: it knows {count} classes, and the photos have {len(known)} ({', '.join(known)}); say "
            "with --labels what its classes are, in its order"
        )
    if known is not None:
        return known, tuple(range(count)), "(assumed: in the order of the photos' names)"
    names = (UNKNOWN, *(f"class-{index}" for index in range(1, count)))
    return names, tuple(range(count)), "(assumed: nothing says their names; set --labels)"


def _labelled(
    network: Network, count: int, labels: tuple[str, ...], known: tuple[str, ...] | None
) -> tuple[tuple[str, ...], tuple[int, ...], str]:
    if count == 2 and len(labels) == 1 and labels != (UNKNOWN,):
        labels = (UNKNOWN, *labels)  # one probability: of this person
    if len(labels) != count or len(set(labels)) != count or not all(labels):
        raise UsageError(
            f"--labels {','.join(labels)}: {network.name} knows {count} classes, so name {count} different ones in its "
            f"order, {UNKNOWN!r} among them if it has one for nobody"
        )
    if absent := [name for name in (known or ()) if name not in {*labels, UNKNOWN}]:
        raise UsageError(f"--labels: the photos are of {', '.join(absent)} too; name every class as the photos do")
    people = tuple(dict.fromkeys(name for name in (*(known or ()), *labels) if name != UNKNOWN))
    order = (labels.index(UNKNOWN) if UNKNOWN in labels else -1, *(labels.index(name) for name in people))
    note = "(set)" if UNKNOWN in labels else f"(set; no {UNKNOWN!r} among them, so it takes everybody for one of these)"
    return (UNKNOWN, *people), order, note


def _pixels(network: Network) -> tuple[Pixels, str]:
    if not network.dtype.startswith(("float", "bfloat")):
        return "0..255", f"(its input is {network.dtype})"
    for layer in _first_layers(network.layers):
        if type(layer).__name__ in SCALING:
            return "0..255", f"(its layer {layer.name} scales them)"
    return "0..1", "(assumed: no layer of it scales them, and most are trained on levels divided by 255)"


def _first_layers(layers: Any) -> Iterator[Any]:
    """Up to the first that has learnt something; those of networks inside one another too."""
    for layer in getattr(layers, "operations", getattr(layers, "layers", ())):  # i / 255 is an operation, no layer
        if getattr(layer, "layers", None):
            yield from _first_layers(layer)
            return
        if type(layer).__name__ not in SCALING and bool(getattr(layer, "weights", None)):
            return
        yield layer


def _counted(outputs: Sequence[Output]) -> str:
    return ", ".join(f"{output.name} of {output.width}" for output in outputs)


def _said(network: Network, first: int, second: int | None) -> str:
    box = "" if second is None else f", box = {network.outputs[second].name}"
    return f"class = {network.outputs[first].name}{box}"


def _said_of_scores(reading: Reading) -> str:
    return {
        "probabilities": "probabilities (they sum to 1)",
        "logits": "logits, put through a softmax",
        "sigmoids": "one probability a class, divided by their sum",
        "probability": "one probability p, made [1-p, p]",
        "logit": "one logit, put through a sigmoid to p, made [1-p, p]",
    }[reading.scores]


def varied(pictures: Image) -> Image:
    """Pictures, and besides them black, white and noise: an answer that is a probability is one for these too."""
    shape = pictures.shape[1:]
    noise = np.random.default_rng(5).integers(0, 256, (4, *shape), np.uint8)
    extremes = np.stack([np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)])
    return np.concatenate([pictures, extremes, noise])
