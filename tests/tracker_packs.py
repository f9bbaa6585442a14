"""A tracker pack small enough to be made in a test: a real .tflite, linear in the colours of sixteen patches.

It is fitted to the pictures it is given, and knows those: enough to name and to find whoever stands in a scene of
`door_scenes`, and to be as wrong about others as a network that never saw them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from converter.toml import dumps
from edgegate.types import Box, Image
from edgegate.vision.packs import InputSpec, Pack, sha256_of
from edgegate.vision.preprocess import stretch
from edgegate.vision.tflite import Model

SIZE, PATCHES = 32, 4
FEATURES = PATCHES * PATCHES * 3
SURE = 6.0
"""The logits it is fitted to, either way."""

Floats = npt.NDArray[np.float32]
Example = tuple[Image, int, Box | None]
"""A BGR frame, its class, and the box in its pixels; None in class 0."""


def write_tracker_pack(
    folder: Path, labels: Sequence[str], examples: Iterable[Example], report: Mapping[str, Any] | None = None
) -> Path:
    """Fit the network to the examples and write its pack; `report` None stands for one that passed."""
    seen = list(examples)
    blob = _network(*_fit(seen, len(labels)))
    folder.mkdir(parents=True)
    (folder / "model.tflite").write_bytes(blob)
    outputs = {"class": (1, len(labels)), "box": (1, 4)}
    sha256 = sha256_of(folder / "model.tflite")
    pack = Pack(folder, "tracker", sha256, InputSpec(SIZE, SIZE, 0, 255, "rgb"), outputs, "CC0-1.0", tuple(labels))
    probe = stretch(seen[-1][0], SIZE)
    answer: dict[str, npt.NDArray[Any]] = dict(Model(pack, prove=False).run(probe))
    np.savez(folder / "golden.npz", allow_pickle=False, input=probe[np.newaxis], **answer)
    card = {
        "schema": 1,
        "task": "tracker",
        "sha256": sha256,
        "licence": pack.licence,
        "labels": list(labels),
        "input": {"width": SIZE, "height": SIZE, "range": [0, 255], "colour": "rgb"},
        "outputs": {name: list(shape) for name, shape in outputs.items()},
        "origin": {"change": "fitted by a test"},
        "golden": {"sha256": sha256_of(folder / "golden.npz")},
        "report": {"grade": "passed"} if report is None else dict(report),
    }
    (folder / "model.toml").write_text(dumps(card), encoding="utf-8")
    return folder


def _fit(examples: Sequence[Example], classes: int) -> tuple[Floats, Floats]:
    """Weights (classes + 4, FEATURES) and bias (classes + 4,) by ridge regression on the wanted logits."""
    features = np.stack([_features(image) for image, _, _ in examples])
    wanted = np.full((len(examples), classes + 4), -SURE)
    for row, (image, label, box) in zip(wanted, examples, strict=True):
        row[label] = SURE
        height, width = image.shape[:2]
        corners = (0.4, 0.4, 0.6, 0.6) if box is None else (box.x1, box.y1, box.x2, box.y2)
        share = np.clip(np.array(corners) / ((1, 1, 1, 1) if box is None else (width, height) * 2), 0.01, 0.99)
        row[classes:] = np.log(share / (1 - share))
    padded = np.hstack([features, np.full((len(features), 1), 255.0)])
    solution = np.linalg.solve(padded.T @ padded + 10 * np.eye(FEATURES + 1), padded.T @ wanted)
    return solution[:-1].T.astype(np.float32), (solution[-1] * 255).astype(np.float32)


def _features(image: Image) -> npt.NDArray[np.float64]:
    step = SIZE // PATCHES
    small = stretch(image, SIZE).reshape(PATCHES, step, PATCHES, step, 3)
    return np.asarray(small.mean(axis=(1, 3)).ravel(), np.float64)


def _network(weights: Floats, bias: Floats) -> bytes:
    """Average pooling, two dense layers side by side, softmax on one and the logistic function on the other."""
    model = schema.ModelT()
    model.version, model.buffers, model.operatorCodes = 3, [schema.BufferT()], []
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = [], []
    model.subgraphs = [graph]
    classes = len(bias) - 4
    image = _tensor(model, (1, SIZE, SIZE, 3))
    pooled, flat = _tensor(model, (1, PATCHES, PATCHES, 3)), _tensor(model, (1, FEATURES))
    pool = schema.Pool2DOptionsT()
    pool.filterWidth = pool.filterHeight = pool.strideW = pool.strideH = SIZE // PATCHES
    pool.padding = schema.Padding.VALID
    _operator(model, "AVERAGE_POOL_2D", [image], pooled, "Pool2DOptions", pool)
    reshape = schema.ReshapeOptionsT()
    reshape.newShape = [1, FEATURES]
    _operator(model, "RESHAPE", [pooled], flat, "ReshapeOptions", reshape)
    heads = {}
    for name, rows in (("class", slice(0, classes)), ("box", slice(classes, None))):
        count = len(bias[rows])
        kernel, offset = (_tensor(model, part[rows].shape, part[rows]) for part in (weights, bias))
        logits, heads[name] = _tensor(model, (1, count)), _tensor(model, (1, count))
        dense = schema.FullyConnectedOptionsT()
        _operator(model, "FULLY_CONNECTED", [flat, kernel, offset], logits, "FullyConnectedOptions", dense)
        if name == "class":
            softmax = schema.SoftmaxOptionsT()
            softmax.beta = 1.0
            _operator(model, "SOFTMAX", [logits], heads[name], "SoftmaxOptions", softmax)
        else:
            _operator(model, "LOGISTIC", [logits], heads[name])
    graph.inputs, graph.outputs = [image], list(heads.values())
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs = [_named("image", image)]
    signature.outputs = [_named(name, index) for name, index in heads.items()]
    model.signatureDefs = [signature]
    builder = flatbuffers.Builder(1 << 12)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _tensor(model: Any, shape: Sequence[int], values: Floats | None = None) -> int:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = "", list(shape), schema.TensorType.FLOAT32, 0
    if values is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
        model.buffers.append(buffer)
        tensor.buffer = len(model.buffers) - 1
    tensors = model.subgraphs[0].tensors
    tensor.name = f"t{len(tensors)}"
    tensors.append(tensor)
    return len(tensors) - 1


def _operator(model: Any, kind: str, inputs: list[int], output: int, options: str = "", values: Any = None) -> None:
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
    code.version = 1
    model.operatorCodes.append(code)
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = len(model.operatorCodes) - 1, inputs, [output]
    if options:
        operator.builtinOptionsType, operator.builtinOptions = getattr(schema.BuiltinOptions, options), values
    model.subgraphs[0].operators.append(operator)


def _named(name: str, index: int) -> Any:
    tensor = schema.TensorMapT()
    tensor.name, tensor.tensorIndex = name, index
    return tensor
