"""Gives a .tflite file a signature, so that its tensors can be asked for by name."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from edgegate.errors import ModelError

IDENTIFIER = b"TFL3"


def unpacked(blob: bytes) -> Any:
    """The file's content as objects that can be changed; the bytes must be a .tflite file's."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(blob, 0))


def read(blob: bytes, name: str) -> Any:
    """The same of a file from anywhere; raises ModelError, which calls it `name`."""
    if blob[4:8] != IDENTIFIER:
        raise ModelError(f"{name}: not a .tflite file; give the network itself, not an archive that holds it")
    try:
        return unpacked(blob)
    except (IndexError, TypeError, ValueError, struct.error) as error:
        raise ModelError(f"{name}: damaged ({error}); fetch it again") from None


def packed(model: Any) -> bytes:
    """The file again."""
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def add_signature(blob: bytes, input_name: str, output_names: Sequence[str]) -> bytes:
    """The same model with one signature `serving_default`; `output_names` in the order of the file's outputs.

    Raises ModelError if the model has a signature already, or another number of inputs or outputs.
    """
    model = unpacked(blob)
    if model.signatureDefs:
        raise ModelError("the model has a signature already")
    sign(model, input_name, output_names)
    return packed(model)


def sign(model: Any, input_name: str, output_names: Sequence[str]) -> None:
    """Make `serving_default` the only signature of an unpacked model; raises ModelError as `add_signature` does."""
    graph = model.subgraphs[0]
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


def _named(name: str, index: int) -> Any:
    tensor = schema.TensorMapT()
    tensor.name, tensor.tensorIndex = name, index
    return tensor
