"""A small face network, random but fixed, as a .tflite and as ONNX: convolution, PReLU, a dense layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from converter.tflite.signature import packed

SIZE, FILTERS, DIMENSIONS = 112, 8, 24
GRID = SIZE // 8


def weights(seed: int = 0) -> dict[str, npt.NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    kernel = rng.normal(0, 0.1, (FILTERS, 8, 8, 3))
    return {
        "kernel": (kernel - kernel.mean((1, 2), keepdims=True)).astype(np.float32),  # light alone says nothing
        "slope": rng.uniform(-1, 0.4, (1, 1, FILTERS)).astype(np.float32),
        "dense": rng.normal(0, 0.05, (DIMENSIONS, GRID * GRID * FILTERS)).astype(np.float32),
        "bias": rng.normal(0, 0.01, DIMENSIONS).astype(np.float32),
    }


class _Graph:
    """Puts a .tflite together, tensor by tensor."""

    def __init__(self) -> None:
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version = 3
        self.model.subgraphs, self.model.buffers, self.model.operatorCodes = [self.graph], [schema.BufferT()], []
        self.graph.tensors, self.graph.operators = [], []

    def tensor(self, shape: tuple[int, ...], data: npt.NDArray[Any] | None = None) -> int:
        tensor = schema.TensorT()
        tensor.shape, tensor.name = list(shape), f"tensor{len(self.graph.tensors)}"
        tensor.type = schema.TensorType.INT32 if data is not None and data.dtype == np.int32 else 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def constant(self, data: npt.NDArray[Any]) -> int:
        return self.tensor(data.shape, data)

    def add(self, name: str, inputs: list[int], shape: tuple[int, ...], **options: int) -> int:
        code, operator = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
        code.version = 1
        operator.opcodeIndex = len(self.model.operatorCodes)
        self.model.operatorCodes.append(code)
        kind = {"CONV_2D": "Conv2D", "FULLY_CONNECTED": "FullyConnected", "ADD": "Add"}.get(name)
        if kind is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, f"{kind}Options")
            operator.builtinOptions = getattr(schema, f"{kind}OptionsT")()
            for key, value in options.items():
                setattr(operator.builtinOptions, key, value)
        out = self.tensor(shape)
        operator.inputs, operator.outputs = inputs, [out]
        self.graph.operators.append(operator)
        return out


def tflite(batch: int = 2, *, size: int = SIZE, batch_in_a_constant: bool = False, blind: bool = False) -> bytes:
    """`blind` gives every picture the same embedding."""
    given, net, grid = weights(), _Graph(), size // 8
    image = net.tensor((batch, size, size, 3))
    zeros = net.constant(np.zeros(FILTERS, np.float32))
    shape = (batch, grid, grid, FILTERS)
    x = net.add("CONV_2D", [image, net.constant(given["kernel"]), zeros], shape, strideW=8, strideH=8, padding=1)
    x = net.add("PRELU", [x, net.constant(given["slope"])], shape)
    flat = np.array((batch, grid * grid * FILTERS), np.int32)
    x = net.add("RESHAPE", [x, net.constant(flat)], tuple(map(int, flat)))
    dense = np.resize(given["dense"], (DIMENSIONS, int(flat[1]))) * np.float32(not blind)
    x = net.add("FULLY_CONNECTED", [x, net.constant(dense), net.constant(given["bias"])], (batch, DIMENSIONS))
    if batch_in_a_constant:
        x = net.add("ADD", [x, net.constant(np.ones((batch, DIMENSIONS), np.float32))], (batch, DIMENSIONS))
    net.graph.inputs, net.graph.outputs = [image], [x]
    return packed(net.model)


def onnx(*, channels_last: bool = False, dimensions: int = DIMENSIONS) -> bytes:
    """The layers of the common networks, as PyTorch writes them: Conv, BatchNormalization, PRelu, Flatten, Gemm."""
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415 - only the `import` extra has it

    given, rng = weights(), np.random.default_rng(1)
    constants: dict[str, npt.NDArray[Any]] = {
        "kernel": given["kernel"].transpose(0, 3, 1, 2),
        "gamma": rng.uniform(0.5, 1.5, FILTERS),
        "beta": rng.normal(0, 0.1, FILTERS),
        "mean": rng.normal(0, 0.1, FILTERS),
        "variance": rng.uniform(0.5, 1.5, FILTERS),
        "slope": given["slope"].reshape(FILTERS, 1, 1),
        "dense": np.resize(given["dense"], (dimensions, given["dense"].shape[1])),
        "bias": np.resize(given["bias"], dimensions),
    }
    layout = [helper.make_node("Transpose", ["data"], ["nchw"], perm=[0, 3, 1, 2])] if channels_last else []
    first = "nchw" if channels_last else "data"
    nodes = [
        *layout,
        helper.make_node("Conv", [first, "kernel"], ["conv"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("BatchNormalization", ["conv", "gamma", "beta", "mean", "variance"], ["normal"], epsilon=1e-5),
        helper.make_node("PRelu", ["normal", "slope"], ["active"]),
        helper.make_node("Flatten", ["active"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "dense", "bias"], ["fc1"], transB=1),
    ]
    shape = ["batch", SIZE, SIZE, 3] if channels_last else ["batch", 3, SIZE, SIZE]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, ["batch", dimensions])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    serialized: bytes = model.SerializeToString()
    return serialized
