"""Joins two .tflite files: what one gives is what the other takes, and one file is left."""

from __future__ import annotations

from typing import Any

from converter.tflite.signature import packed, sign, unpacked
from edgegate.errors import ModelError


def graft(body: bytes, head: bytes) -> bytes:
    """One file with the body's input and the head's outputs under the head's names; both have one signature.

    Raises ModelError where they do not fit.
    """
    model, more = unpacked(body), unpacked(head)
    graph, added = model.subgraphs[0], more.subgraphs[0]
    _check(graph, added)
    first_tensor, first_buffer, first_code = len(graph.tensors), len(model.buffers), len(model.operatorCodes)
    place = {-1: -1, added.inputs[0]: graph.outputs[0]}  # -1: an input that is not given
    for tensor in added.tensors:
        tensor.buffer += first_buffer
        tensor.name = b"head/" + tensor.name
    for operator in added.operators:
        operator.opcodeIndex += first_code
        operator.inputs = [place.get(index, index + first_tensor) for index in operator.inputs]
        operator.outputs = [index + first_tensor for index in operator.outputs]
    model.buffers += more.buffers
    model.operatorCodes += more.operatorCodes
    graph.tensors += added.tensors
    graph.operators += added.operators
    graph.outputs = [index + first_tensor for index in added.outputs]
    names = {one.tensorIndex: _text(one.name) for one in more.signatureDefs[0].outputs}
    (image,) = model.signatureDefs[0].inputs
    sign(model, _text(image.name), [names[index] for index in added.outputs])
    return packed(model)


def _check(graph: Any, added: Any) -> None:
    if len(graph.outputs) != 1 or len(added.inputs) != 1:
        raise ModelError("a model with one output and one with one input can be joined, and no others")
    given, wanted = graph.tensors[graph.outputs[0]], added.tensors[added.inputs[0]]
    shapes = [[int(side) for side in tensor.shape] for tensor in (given, wanted)]
    if shapes[0] != shapes[1] or given.type != wanted.type:
        raise ModelError(f"a model that gives {shapes[0]} does not fit one that takes {shapes[1]}")


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name
