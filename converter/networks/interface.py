"""The interface of a network that was read: the one picture it takes, and its outputs in the order it gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgegate.errors import ModelError

LEAST_SIDE, MOST_SIDE = 16, 2048


@dataclass(frozen=True, slots=True)
class Output:
    """One vector for each picture."""

    name: str
    width: int
    """The number of values."""
    activation: str
    """As the layer that gives it says; nothing where it is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """`layers` is a keras.Model, or a layer of a SavedModel. Sides are in pixels."""

    name: str
    layers: Any
    width: int
    height: int
    dtype: str
    outputs: tuple[Output, ...]

    def __call__(self, pictures: Any) -> list[Any]:
        """From pictures as the network wants them, symbolic or (n, height, width, 3), to its outputs (n, width)."""
        from keras import ops  # noqa: PLC0415 - heavy

        answers = _flat(self.layers(ops.cast(pictures, self.dtype), training=False))
        pairs = zip(answers, self.outputs, strict=True)
        return [ops.cast(ops.reshape(answer, (-1, output.width)), "float32") for answer, output in pairs]

    @property
    def parameters(self) -> int:
        return int(self.layers.count_params())


def network(name: str, layers: Any, size: tuple[int, int] | None = None) -> Network:
    """The network by what it was read as; raises ModelError where it takes anything but one picture in colour.

    `size` is the width and height to give a network that takes any; `name` is the file's.
    """
    shape, dtype = _input(name, layers)
    if len(shape) != 4 or shape[3] not in {1, 3, None}:
        raise ModelError(
            f"{name}: it takes {_listed(shape)}, no picture; a network for a door takes (batch, height, width, 3)"
        )
    if shape[3] == 1:
        raise ModelError(
            f"{name}: it takes grey pictures (one channel), and a door's camera gives colours; train it on three "
            "channels, or put a layer that makes colours grey in front of it and save that"
        )
    height, width = _sides(name, shape, size)
    if size is not None and size != (width, height):
        raise ModelError(f"{name}: it takes {width}x{height} pixels, not {size[0]}x{size[1]}; leave --size out")
    if not (LEAST_SIDE <= width <= MOST_SIDE and LEAST_SIDE <= height <= MOST_SIDE):
        raise ModelError(f"{name}: it takes {width}x{height} pixels; sides of {LEAST_SIDE} to {MOST_SIDE} are possible")
    outputs = _outputs(name, layers, (height, width, 3), dtype)
    return Network(name, layers, width, height, dtype, outputs)


def _sides(name: str, shape: Sequence[int | None], size: tuple[int, int] | None) -> tuple[int, int]:
    """Height and width; raises ModelError where neither the network nor the user says them."""
    height, width = shape[1:3]
    if height is not None and width is not None:
        return height, width
    if size is None:
        raise ModelError(
            f"{name}: it takes pictures of any size ({_listed(shape)}), and TFLite plans for one; say which with "
            "--size WIDTHxHEIGHT of import keras, or give its Input a shape and save it again"
        )
    return size[1], size[0]


def _input(name: str, layers: Any) -> tuple[tuple[int | None, ...], str]:
    """Shape with the batch, and dtype, of the only input; raises ModelError."""
    found = _inputs(layers)
    if len(found) > 1:
        raise ModelError(
            f"{name}: it takes {len(found)} inputs, and a camera gives one picture; make a model of one input"
        )
    if not found:
        raise ModelError(
            f"{name}: it does not say what it takes; call it on a picture before it is saved, or begin it with "
            "keras.Input"
        )
    return found[0]


def _inputs(layers: Any) -> list[tuple[tuple[int | None, ...], str]]:
    import keras  # noqa: PLC0415 - heavy

    if isinstance(layers, keras.layers.TFSMLayer):
        positional, named = layers.call_endpoint_fn.structured_input_signature
        return [(tuple(one.shape), one.dtype.name) for one in (*positional, *named.values())]
    try:
        return [(tuple(one.shape), str(one.dtype)) for one in layers.inputs or ()]
    except AttributeError:  # of a Sequential, or of a class of the user's, that was not called yet
        shape = (layers.get_build_config() or {}).get("input_shape")
        return [(tuple(shape), "float32")] if isinstance(shape, list | tuple) and len(shape) == 4 else []


def _outputs(name: str, layers: Any, shape: tuple[int, int, int], dtype: str) -> tuple[Output, ...]:
    import keras  # noqa: PLC0415 - heavy

    image = keras.Input(shape, dtype=dtype, batch_size=1)
    try:
        answers = layers(image, training=False)
    except Exception as error:  # noqa: BLE001 - layers raise anything
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{name}: it does not take a picture of {shape[1]}x{shape[0]} pixels ({reason})") from None
    tensors = _flat(answers)
    if not all(hasattr(tensor, "shape") for tensor in tensors):
        raise ModelError(
            f"{name}: its outputs are lists or dicts within one another; name a network whose outputs are one list, or "
            "one dict, of class probabilities and a box"
        )
    names = _names(layers, answers, len(tensors))
    return tuple(_output(name, *row) for row in zip(names, tensors, _activations(layers, len(tensors)), strict=True))


def _output(name: str, output: str, tensor: Any, activation: str) -> Output:
    sides = [int(side or 0) for side in tensor.shape[1:]]
    if sum(side != 1 for side in sides) > 1 or not sides or 0 in sides:
        raise ModelError(
            f"{name}: its output {output!r} is {_listed(tensor.shape)}, and not one vector a picture; name a network "
            "whose outputs are class probabilities and a box"
        )
    return Output(output, max(sides), activation)


def _flat(answers: Any) -> list[Any]:
    """Outputs in the order of the list or dict they come in."""
    if isinstance(answers, Mapping):
        return [answers[key] for key in sorted(answers)]
    return list(answers) if isinstance(answers, list | tuple) else [answers]


def _names(layers: Any, answers: Any, count: int) -> list[str]:
    if isinstance(answers, Mapping):
        return sorted(map(str, answers))
    names = list(getattr(layers, "output_names", ()))
    return names if len(names) == count else [f"output_{index}" for index in range(count)]


def _activations(layers: Any, count: int) -> list[str]:
    """The names that the layers say which give the outputs; of a SavedModel nothing is known."""
    try:
        outputs = _flat(layers.output)
    except (AttributeError, ValueError):
        return [""] * count
    if not all(hasattr(one, "_keras_history") for one in outputs):
        return [""] * count
    found = [getattr(getattr(one._keras_history.operation, "activation", None), "__name__", "") for one in outputs]  # noqa: SLF001
    return found if len(found) == count else [""] * count


def _listed(shape: Sequence[Any]) -> str:
    return f"({', '.join('any' if side is None else str(side) for side in shape)})"
