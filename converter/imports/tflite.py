"""`converter import tflite`: somebody's .tflite face network, cut down to one picture at a time.

Files that were converted with a fixed batch (2, for a pair of faces) cannot simply be resized by the runtime: the
batch stands in the shapes that their RESHAPE operators name, too. So it is changed in the file. What a network could
hide elsewhere is found by the comparison with the file as it was, which every import must pass.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from converter.imports.embedder import EmbedderFile, Floats, Reference, expected
from converter.tflite.signature import packed, read, sign
from edgegate.errors import ModelError
from edgegate.system.quiet import quiet


def tflite_network(file: Path) -> EmbedderFile:
    """Read a face network: one picture in, one embedding out, float or quantized; raises ModelError."""
    blob = file.read_bytes()
    return EmbedderFile(for_one_picture(blob, file.name), reference(blob, file.name))


def for_one_picture(blob: bytes, name: str) -> bytes:
    """The same network at batch 1, with the one signature `image` → `embedding`; raises ModelError."""
    model = read(blob, name)
    try:
        sign(model, "image", ("embedding",))
    except ModelError as error:
        raise expected(name, str(error)) from None
    if len(model.subgraphs) != 1:
        raise expected(name, f"it has {len(model.subgraphs)} graphs, such as loops or conditions need")
    graph = model.subgraphs[0]
    shape = [int(side) for side in graph.tensors[graph.inputs[0]].shape]
    if len(shape) != 4 or shape[3] != 3:
        raise expected(name, f"its input is {shape}")
    _reduce(model, graph, batch=shape[0])
    return packed(model)


def reference(blob: bytes, name: str) -> Reference:
    """The file as it is, its whole batch filled with one picture; called with (height, width, 3) float32."""
    try:
        with quiet():
            interpreter = Interpreter(model_content=blob)
            interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"{name}: the runtime cannot load it ({str(error).splitlines()[0]})") from None
    into, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def run(picture: Floats) -> Floats:
        interpreter.set_tensor(into["index"], _stored(np.broadcast_to(picture, into["shape"]), into))
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(out["index"])[0], np.float32)

    return run


def _reduce(model: Any, graph: Any, batch: int) -> None:
    """Set to 1 the batch of every tensor that is computed from the input, and of the shapes given to RESHAPE."""
    computed = set(map(int, graph.inputs))
    for operator in graph.operators:
        if not computed.isdisjoint(map(int, operator.inputs)):
            computed.update(map(int, operator.outputs))
            if _code(model, operator) == schema.BuiltinOperator.RESHAPE:
                _reshape_one(model, graph, operator, batch)
    for index in computed:
        tensor = graph.tensors[index]
        tensor.shapeSignature = None
        if tensor.shape is not None and len(tensor.shape) and tensor.shape[0] == batch:
            tensor.shape = [1, *map(int, tensor.shape[1:])]


def _reshape_one(model: Any, graph: Any, operator: Any, batch: int) -> None:
    options = operator.builtinOptions
    if options is not None and options.newShape is not None and options.newShape[0] in {batch, -1}:
        options.newShape = [1, *map(int, options.newShape[1:])]
    buffer = model.buffers[graph.tensors[operator.inputs[1]].buffer] if len(operator.inputs) > 1 else None
    if buffer is not None and buffer.data is not None:
        shape = np.frombuffer(bytes(buffer.data), np.int32).copy()
        if shape[0] in {batch, -1}:
            shape[0] = 1
            buffer.data = np.frombuffer(shape.tobytes(), np.uint8)


def _code(model: Any, operator: Any) -> int:
    code = model.operatorCodes[operator.opcodeIndex]
    return max(int(code.builtinCode), int(code.deprecatedBuiltinCode))  # files before 2021 have only the old one


def _stored(values: Floats, details: Any) -> Any:
    """As the input tensor holds them."""
    if details["dtype"] == np.float32:
        return values.astype(np.float32)
    scale, zero_point = details["quantization"]
    limits = np.iinfo(details["dtype"])
    return np.clip(np.rint(values / scale) + zero_point, limits.min, limits.max).astype(details["dtype"])
