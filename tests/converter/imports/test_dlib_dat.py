"""dlib's format is read by its lengths, and damage is told in one line."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.imports.dlib_dat import AddPrevious, Affine, Conv, Dense, DlibNetwork, Layer, Pool, Relu, parse
from converter.imports.dlib_resnet import fold
from edgegate.errors import ModelError
from tests.support.converter import dlib_writer

MEAN = (122.5, 117.0, 104.25)


def small_network() -> list[Layer]:
    rng = np.random.default_rng(1)

    def floats(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    return [
        Conv(floats(3, 3, 3, 4), floats(4), stride=2, padding=0),
        Affine(floats(4), floats(4)),
        Relu(),
        Pool("max", 3, 2),
        Conv(floats(3, 3, 4, 4), floats(4), stride=1, padding=1),
        Affine(floats(4), floats(4)),
        AddPrevious(),
        Pool("average", 0, 1),
        Dense(floats(4, 2)),
    ]


def test_a_network_is_read_as_it_was_written() -> None:
    layers = small_network()
    network = parse(dlib_writer.network(layers, MEAN, 15))
    assert (network.mean, network.size) == (MEAN, 15)
    assert [type(layer) for layer in network.layers] == [type(layer) for layer in layers]
    first, written = network.layers[0], layers[0]
    assert isinstance(first, Conv)
    assert isinstance(written, Conv)
    assert np.array_equal(first.filters, written.filters)
    assert np.array_equal(first.bias, written.bias)
    assert (first.stride, first.padding) == (2, 0)
    last = network.layers[-1]
    assert isinstance(last, Dense)
    assert np.array_equal(last.weights, layers[-1].weights)  # type: ignore[union-attr]


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damage_is_refused_and_nothing_worse(data: st.DataObject) -> None:
    """Cut short or with a byte changed: either still readable (a weight changed), or refused."""
    whole = dlib_writer.network(small_network(), MEAN, 15)
    if data.draw(st.booleans()):
        damaged = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        index = data.draw(st.integers(0, len(whole) - 1))
        damaged = whole[:index] + bytes([whole[index] ^ data.draw(st.integers(1, 255))]) + whole[index + 1 :]
    with contextlib.suppress(ModelError):  # and nothing else
        parse(damaged)


@pytest.mark.parametrize("data", [b"", b"not a network", b"\x01\x01\x0dloss_metric_9", bytes(1000)])
def test_another_file_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match="not the dlib face recognition network, or damaged at byte"):
        parse(data)


def test_folding_leaves_only_what_computes() -> None:
    folded = list(fold(DlibNetwork(MEAN, 15, tuple(small_network()))))
    assert not any(isinstance(layer, Affine) for layer in folded)
    assert len(folded) == 7


def test_folding_changes_no_result() -> None:
    """One 3x3 patch through the first convolution, by hand: normalised and scaled before, or folded."""
    conv, affine = small_network()[:2]
    assert isinstance(conv, Conv)
    assert isinstance(affine, Affine)
    pixels = np.random.default_rng(2).integers(0, 256, (3, 3, 3)).astype(np.float64)
    by_hand = np.einsum("hwi,hwio->o", (pixels - MEAN) / 256, conv.filters) + conv.bias
    by_hand = by_hand * affine.gamma + affine.beta
    (folded,) = fold(DlibNetwork(MEAN, 15, (conv, affine)))
    assert isinstance(folded, Conv)
    assert np.allclose(np.einsum("hwi,hwio->o", pixels, folded.filters) + folded.bias, by_hand, atol=1e-4)
