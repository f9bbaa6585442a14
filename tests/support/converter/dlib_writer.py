"""Writes what `converter.imports.dlib_dat` reads: a network in dlib's format, as small as a test wants it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from converter.imports.dlib_dat import AddPrevious, Affine, Conv, Dense, Layer, Pool, Relu


def integer(value: int) -> bytes:
    size = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def integers(*values: int) -> bytes:
    return b"".join(map(integer, values))


def real(value: float) -> bytes:
    mantissa, exponent = math.frexp(value)
    return integers(int(mantissa * 2**24), exponent - 24)


def string(text: str) -> bytes:
    return integer(len(text)) + text.encode()


def tensor(values: np.ndarray) -> bytes:
    shape = (*values.shape, 1, 1, 1, 1)[:4]
    return integers(2, *shape) + values.astype("<f4").tobytes()


def alias(*shape: int) -> bytes:
    return integers(1, *shape)


def network(layers: Iterable[Layer], mean: tuple[float, float, float], size: int) -> bytes:
    layers = list(layers)
    head = integer(1) + string("loss_metric_2") + real(0.04) + real(0.6) + integer(2) * len(layers)
    source = string("input_rgb_image_sized") + b"".join(map(real, mean)) + integers(size, size)
    return head + source + b"".join(_layer(layer, first=i == 0) for i, layer in enumerate(layers))


def _layer(layer: Layer, *, first: bool) -> bytes:
    empty = tensor(np.zeros((0, 0, 0, 0)))
    return _payload(layer) + b"010" + empty * 3 + (integer(1) if first else b"")


def _payload(layer: Layer) -> bytes:
    match layer:
        case Conv(filters, bias, stride, padding):
            rows, columns, depth, count = filters.shape
            params = np.concatenate((filters.transpose(3, 2, 0, 1).ravel(), bias))
            numbers = integers(count, rows, columns, stride, stride, padding, padding)
            shapes = alias(count, depth, rows, columns) + alias(1, count, 1, 1)
            return string("con_4") + tensor(params) + numbers + shapes + real(1) * 4
        case Affine(gamma, beta):
            shape = alias(1, len(gamma), 1, 1)
            return string("affine_") + tensor(np.concatenate((gamma, beta))) + shape * 2 + integer(0)
        case Pool(kind, size, stride):
            name = "avg_pool_2" if kind == "average" else "max_pool_2"
            return string(name) + integers(size, size, stride, stride, 0, 0)
        case Dense(weights):
            shape = alias(*weights.shape, 1, 1)
            numbers = integers(weights.shape[1], weights.shape[0])
            return string("fc_2") + numbers + tensor(weights) + shape * 2 + integer(0) + real(1) * 4
        case Relu():
            return string("relu_")
        case AddPrevious():
            return string("add_prev_")
