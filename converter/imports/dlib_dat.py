"""Reads dlib's serialized face recognition network: a flat list of layers, the input side first.

The format, as dlib's `serialize.h`, `dnn/layers.h` and `dnn/core.h` write it (only what this network uses):

- An integer is a control byte, whose low nibble counts the little-endian bytes that follow and whose top bit is
  the sign. A float is two integers, mantissa and exponent of two. A bool is the character 0 or 1. A string is an
  integer, its length, and its bytes.
- A tensor is version 2, four integers (samples, channels, rows, columns) and raw little-endian float32. An alias
  is version 1 and four integers: a shape within another tensor.
- Every layer writes its version, then its subnetwork, then itself. So the file opens with one version per layer,
  and the layers follow from the input to the loss.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from edgegate.errors import ModelError

Floats: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Conv:
    """`filters` (rows, columns, in, out), `bias` (out,)."""

    filters: Floats
    bias: Floats
    stride: int
    padding: int


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """y = x * gamma + beta, per channel."""

    gamma: Floats
    beta: Floats


@dataclass(frozen=True, slots=True)
class Relu:
    pass


@dataclass(frozen=True, slots=True)
class AddPrevious:
    """Adds the output of the layer that a residual block began with."""


@dataclass(frozen=True, slots=True)
class Pool:
    """`size` 0 pools the whole plane."""

    kind: str
    size: int
    stride: int


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """`weights` (in, out), no bias."""

    weights: Floats


Layer: TypeAlias = Conv | Affine | Relu | AddPrevious | Pool | Dense


@dataclass(frozen=True, slots=True)
class DlibNetwork:
    """`mean` is per channel, RGB; the input is (pixels - mean) / 256."""

    mean: tuple[float, float, float]
    size: int
    layers: tuple[Layer, ...]


def parse(data: bytes) -> DlibNetwork:
    """Read a whole .dat; raises ModelError naming the byte where it stops making sense."""
    reader = _Reader(data)
    try:
        return _network(reader)
    except (IndexError, OverflowError, UnicodeDecodeError, ValueError, struct.error) as error:
        raise ModelError(
            f"not the dlib face recognition network, or damaged at byte {reader.position} ({error}); "
            "delete it from the cache to fetch it again"
        ) from None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    @property
    def at_end(self) -> bool:
        return self.position == len(self._data)

    def take(self, count: int) -> bytes:
        if count > len(self._data) - self.position:
            raise ValueError(f"{count} bytes wanted, {len(self._data) - self.position} left")
        self.position += count
        return self._data[self.position - count : self.position]

    def integer(self) -> int:
        control = self.take(1)[0]
        if control & 0x70 or not control & 0x0F:
            raise ValueError(f"{control:#04x} does not begin an integer")
        value = int.from_bytes(self.take(control & 0x0F), "little")
        return -value if control & 0x80 else value

    def integers(self, count: int) -> list[int]:
        return [self.integer() for _ in range(count)]

    def real(self) -> float:
        mantissa, exponent = self.integers(2)
        return math.ldexp(mantissa, exponent)

    def reals(self, count: int) -> list[float]:
        return [self.real() for _ in range(count)]

    def boolean(self) -> bool:
        return bool(int(self.take(1)))

    def string(self) -> str:
        return self.take(self.integer()).decode("ascii")

    def expect(self, wanted: object, found: object) -> None:
        if found != wanted:
            raise ValueError(f"{wanted!r} expected, {found!r} found")

    def tensor(self) -> Floats:
        self.expect(2, self.integer())
        shape = self.integers(4)
        if min(shape) < 0:
            raise ValueError(f"a tensor of shape {shape}")
        raw = self.take(4 * math.prod(shape))
        values = np.frombuffer(raw, "<f4").reshape(shape).astype(np.float32)
        if not np.isfinite(values).all():
            raise ValueError("a weight is not a finite number")
        return values

    def alias(self) -> list[int]:
        self.expect(1, self.integer())
        return self.integers(4)


def _network(reader: _Reader) -> DlibNetwork:
    reader.expect(1, reader.integer())
    reader.expect("loss_metric_2", reader.string())
    reader.reals(2)  # margin and distance threshold of the training loss
    length = reader.integer()
    while length in {1, 2, 3}:  # versions of the layers
        length = reader.integer()
    reader.expect("input_rgb_image_sized", reader.take(length).decode("ascii"))
    red, green, blue = reader.reals(3)
    rows, columns = reader.integers(2)
    reader.expect(rows, columns)
    layers: list[Layer] = []
    while not reader.at_end:
        layers.append(_layer(reader, first=not layers))
    return DlibNetwork((red, green, blue), rows, tuple(layers))


def _layer(reader: _Reader, *, first: bool) -> Layer:
    name = reader.string()
    if name not in _PAYLOADS:
        raise ValueError(f"unknown layer {name!r}")
    layer = _PAYLOADS[name](reader)
    for _ in range(3):
        reader.boolean()  # caches of the training are up to date, or not
    for _ in range(3):
        reader.expect(0, reader.tensor().size)  # gradients, which a released network has dropped
    if first:
        reader.integer()  # pictures a sample is expanded to
    return layer


def _conv(reader: _Reader) -> Conv:
    params = reader.tensor().ravel()
    count, rows, columns, stride, stride_x, padding, padding_x = reader.integers(7)
    reader.expect((stride, padding), (stride_x, padding_x))
    shape, bias_shape = reader.alias(), reader.alias()
    reader.reals(4)
    reader.expect([count, rows, columns], [shape[0], *shape[2:]])
    size = math.prod(shape)
    reader.expect(params.size, size + math.prod(bias_shape))
    filters = np.ascontiguousarray(params[:size].reshape(shape).transpose(2, 3, 1, 0))
    return Conv(filters, params[size:], stride, padding)


def _affine(reader: _Reader) -> Affine:
    params = reader.tensor().ravel()
    channels = math.prod(reader.alias())
    reader.alias()
    reader.integer()
    reader.expect(2 * channels, params.size)
    return Affine(params[:channels], params[channels:])


def _pool(reader: _Reader, kind: str) -> Pool:
    rows, columns, stride, stride_x, padding, padding_x = reader.integers(6)
    reader.expect((rows, stride, 0, 0), (columns, stride_x, padding, padding_x))
    return Pool(kind, rows, stride)


def _dense(reader: _Reader) -> Dense:
    outputs, inputs = reader.integers(2)
    weights = reader.tensor()
    reader.alias()
    reader.alias()
    reader.integer()
    reader.reals(4)
    return Dense(weights.reshape(inputs, outputs))


_PAYLOADS: dict[str, Callable[[_Reader], Layer]] = {
    "con_4": _conv,
    "affine_": _affine,
    "relu_": lambda _: Relu(),
    "add_prev_": lambda _: AddPrevious(),
    "max_pool_2": lambda reader: _pool(reader, "max"),
    "avg_pool_2": lambda reader: _pool(reader, "average"),
    "fc_2": _dense,
}
