"""A SavedModel's graph, looked at before TensorFlow loads it: only arithmetic may run.

Its own saver reads and writes files, in functions that nothing but the saver calls, and that are never called here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from edgegate.errors import ModelError

GRAPH_FILE, LARGEST_GRAPH = "saved_model.pb", 512 << 20
SIGNATURE = "serving_default"

CALLS = "PartitionedCall StatefulPartitionedCall If StatelessIf While StatelessWhile Case StatelessCase"
ARITHMETIC = frozenset(
    f"""
    {CALLS} NoOp Placeholder PlaceholderWithDefault Const Identity IdentityN StopGradient PreventGradient Snapshot
    VarHandleOp ReadVariableOp VarIsInitializedOp AssignVariableOp DisableCopyOnRead ResourceGather
    Abs Add AddN AddV2 All Any ArgMax ArgMin Assert AvgPool BatchMatMul BatchMatMulV2 BatchMatMulV3 BatchToSpaceND
    BiasAdd BroadcastArgs BroadcastTo Cast Ceil ClipByValue Concat ConcatV2 Conv2D Conv2DBackpropInput Cos Cumsum
    DepthToSpace DepthwiseConv2dNative Div DivNoNan Einsum Elu EnsureShape Equal Erf Exp ExpandDims Fill Floor FloorDiv
    FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 Gather GatherNd GatherV2 Greater GreaterEqual
    InvertPermutation L2Loss LinSpace LeakyRelu Less LessEqual Log Log1p LogSoftmax LogicalAnd LogicalNot
    LogicalOr MatMul MatrixDiag MatrixDiagV3 Max MaxPool MaxPoolV2 Maximum Mean Min Minimum MirrorPad Mod Mul MulNoNan
    Neg NotEqual OneHot OnesLike Pack Pad PadV2 Pow Prod Rank RealDiv Reciprocal Relu Relu6 Reshape ResizeBilinear
    ResizeNearestNeighbor ReverseV2 Round Rsqrt Select SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Size Slice Softmax
    Softplus Softsign SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze StridedSlice Sub
    Sum Tanh TensorScatterUpdate Tile TopKV2 Transpose Unpack Where ZerosLike
    AdjustContrastv2 ImageProjectiveTransformV3 AssignAddVariableOp AssignSubVariableOp Range RngReadAndSkip
    RandomStandardNormal RandomUniform RandomUniformInt StatelessRandomGetAlg StatelessRandomGetKeyCounter
    StatelessRandomGetKeyCounterAlg StatelessRandomNormalV2 StatelessRandomUniformIntV2 StatelessRandomUniformV2
    """.split()
)
"""Operations that only compute. What is not here is refused by name: the list of those that may do harm has no end."""


def check_graph(folder: Path) -> None:
    """Raises ModelError where the folder is no SavedModel with one signature, or its graph does more than compute."""
    graph = _read(folder)
    functions = {function.signature.name: function for function in graph.graph_def.library.function}
    saver = {graph.saver_def.restore_op_name, graph.saver_def.save_tensor_name.split(":")[0]}
    nodes = [node for node in graph.graph_def.node if node.name not in saver]
    _check(folder, nodes, functions)
    for name in _at_loading(graph):
        if name in functions:
            _check(folder, functions[name].node_def, functions)
    if graph.asset_file_def:
        raise ModelError(f"{folder}: it brings other files (assets) along, which no network of pictures needs")
    if SIGNATURE not in graph.signature_def:
        raise ModelError(
            f'{folder}: it has no signature {SIGNATURE!r}; save it with model.export("folder"), or with '
            "tf.saved_model.save(model, folder) after the model has seen a picture"
        )


def _read(folder: Path) -> Any:
    """The one graph in it."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - with the next: of TensorFlow's installation
    from tensorflow.core.protobuf import saved_model_pb2  # noqa: PLC0415

    file = folder / GRAPH_FILE
    if not file.is_file():
        raise ModelError(f"{folder}: no SavedModel ({GRAPH_FILE} is missing); name the folder that export has written")
    if file.stat().st_size > LARGEST_GRAPH:
        raise ModelError(f"{folder}: its graph has more than {LARGEST_GRAPH >> 20} MiB; that is no network of pictures")
    document = saved_model_pb2.SavedModel()
    try:
        document.ParseFromString(file.read_bytes())
    except DecodeError:
        raise ModelError(f"{folder}: {GRAPH_FILE} is damaged; copy the folder again") from None
    if len(document.meta_graphs) != 1:
        raise ModelError(f"{folder}: it holds {len(document.meta_graphs)} graphs, not one; export it again")
    return document.meta_graphs[0]


def _at_loading(graph: Any) -> Iterator[str]:
    """Names of functions that TensorFlow may call without being asked: all that objects other than the saver have."""
    for node in graph.object_graph_def.nodes:
        yield from node.function.concrete_functions
        if node.bare_concrete_function.concrete_function_name:
            yield node.bare_concrete_function.concrete_function_name
    yield from graph.object_graph_def.concrete_functions


def _check(folder: Path, nodes: Iterable[Any], functions: dict[str, Any]) -> None:
    """These nodes, and all that they call."""
    waiting, seen = list(nodes), set[str]()
    while waiting:
        node = waiting.pop()
        for called in _called(node):
            if called in functions and called not in seen:
                seen.add(called)
                waiting.extend(functions[called].node_def)
        if node.op in functions and node.op not in seen:
            seen.add(node.op)
            waiting.extend(functions[node.op].node_def)
        elif node.op not in ARITHMETIC and node.op not in functions:
            raise ModelError(
                f"{folder}: its graph has the operation {node.op} ({node.name[:60]}), which does more than compute, or "
                "is unknown here; export the network without it: pixels in, answers out"
            )


def _called(node: Any) -> Iterator[str]:
    for attribute in node.attr.values():
        if attribute.func.name:
            yield attribute.func.name
        yield from (function.name for function in attribute.list.func)
