"""Gives a .tflite file a signature, so that its tensors can be asked for by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from edgegate.errors import ModelError


def add_signature(blob: bytes, input_name: str, output_names: Sequence[str]) -> bytes:
    """The same model with one signature `serving_default`; `output_names` in the order of the file's outputs.

    Raises ModelError if the model has a signature already, or another number of inputs or outputs.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(blob, 0))
    graph = model.subgraphs[0]
    if model.signatureDefs:
        raise ModelError("the model has a signature already")
    if len(graph.inputs) != 1 or len(graph.outputs) != len(output_names):
        raise ModelError(
            f"the model has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs, not 1 and {len(output_names)}"
        )
    signature = schema.SignatureDefT()
    signature.signatureKey = "serving_default"
    signature.subgraphIndex = 0
    signature.inputs = [_named(input_name, graph.inputs[0])]
    signature.outputs = [_named(name, index) for name, index in zip(output_names, graph.outputs, strict=True)]
    model.signatureDefs = [signature]
    return _packed(model)


def _named(name: str, index: int) -> Any:
    tensor = schema.TensorMapT()
    tensor.name, tensor.tensorIndex = name, index
    return tensor


def _packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
