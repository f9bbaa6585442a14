"""Tracker and classifier packs small enough to be made in a test: real .tflite, linear in the colours of 16 patches.

One is fitted to the pictures it is given, and knows those: enough to name and to find the people in a scene of
`door_scenes`, and to be as wrong about others as a network that never saw them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

from converter.packs import Draft, write
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

Heads: TypeAlias = Mapping[str, tuple[slice, str]]
"""The rows of the weights that make an output, and the operator that it ends with."""


def write_tracker_pack(
    folder: Path, labels: Sequence[str], examples: Iterable[Example], report: Mapping[str, Any] | None = None
) -> Path:
    """Fit the network to the examples and write its pack; `report` None stands for one that passed."""
    seen = list(examples)
    heads: Heads = {"class": (slice(0, len(labels)), "SOFTMAX"), "box": (slice(len(labels), None), "LOGISTIC")}
    blob = _network(SIZE, *_fit(seen, len(labels)), heads)
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


def write_classifier_pack(
    folder: Path,
    labels: Sequence[str],
    faces: Sequence[tuple[Image, int]],
    *,
    margin: float | None = 0.2,
    template: str = "arcface-112",
    report: Mapping[str, Any] | None = None,
) -> Path:
    """Fit the network to faces, square BGR as they are cut out, and their classes; write its pack.

    It takes pictures of the faces' size, cut out with `margin`, or aligned by `template` where that is None.
    """
    size = len(faces[0][0])
    wanted = np.full((len(faces), len(labels)), -SURE)
    wanted[range(len(faces)), [label for _, label in faces]] = SURE
    weights, bias = _solve([_features(face, size) for face, _ in faces], wanted)
    draft = Draft(
        name=folder.name,
        task="classifier",
        blob=_network(size, weights, bias, {"class_probs": (slice(None), "SOFTMAX")}),
        input=InputSpec(size, size, 0, 255, "rgb", template if margin is None else "dlib-150", margin),
        outputs={"class_probs": (1, len(labels))},
        licence="CC0-1.0",
        origin={"change": "fitted by a test"},
        probe=stretch(faces[-1][0], size),
        report={"grade": "passed"} if report is None else dict(report),
        labels=tuple(labels),
    )
    return write(draft, folder.parent)


def _fit(examples: Sequence[Example], classes: int) -> tuple[Floats, Floats]:
    """Weights (classes + 4, FEATURES) and bias (classes + 4,) by ridge regression on the wanted logits."""
    wanted = np.full((len(examples), classes + 4), -SURE)
    for row, (image, label, box) in zip(wanted, examples, strict=True):
        row[label] = SURE
        height, width = image.shape[:2]
        corners = (0.4, 0.4, 0.6, 0.6) if box is None else (box.x1, box.y1, box.x2, box.y2)
        share = np.clip(np.array(corners) / ((1, 1, 1, 1) if box is None else (width, height) * 2), 0.01, 0.99)
        row[classes:] = np.log(share / (1 - share))
    return _solve([_features(image, SIZE) for image, _, _ in examples], wanted)


def _solve(rows: Sequence[npt.NDArray[np.float64]], wanted: npt.NDArray[np.float64]) -> tuple[Floats, Floats]:
    features = np.stack(rows)
    padded = np.hstack([features, np.full((len(features), 1), 255.0)])
    solution = np.linalg.solve(padded.T @ padded + 10 * np.eye(FEATURES + 1), padded.T @ wanted)
    return solution[:-1].T.astype(np.float32), (solution[-1] * 255).astype(np.float32)


def _features(image: Image, size: int) -> npt.NDArray[np.float64]:
    step = size // PATCHES
    small = stretch(image, size).reshape(PATCHES, step, PATCHES, step, 3)
    return np.asarray(small.mean(axis=(1, 3)).ravel(), np.float64)


def _network(size: int, weights: Floats, bias: Floats, heads: Heads) -> bytes:
    """Average pooling, and a dense layer for each of the heads, side by side."""
    model = schema.ModelT()
    model.version, model.buffers, model.operatorCodes = 3, [schema.BufferT()], []
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = [], []
    model.subgraphs = [graph]
    image = _tensor(model, (1, size, size, 3))
    pooled, flat = _tensor(model, (1, PATCHES, PATCHES, 3)), _tensor(model, (1, FEATURES))
    pool = schema.Pool2DOptionsT()
    pool.filterWidth = pool.filterHeight = pool.strideW = pool.strideH = size // PATCHES
    pool.padding = schema.Padding.VALID
    _operator(model, "AVERAGE_POOL_2D", [image], pooled, "Pool2DOptions", pool)
    reshape = schema.ReshapeOptionsT()
    reshape.newShape = [1, FEATURES]
    _operator(model, "RESHAPE", [pooled], flat, "ReshapeOptions", reshape)
    outputs = {}
    for name, (rows, ending) in heads.items():
        count = len(bias[rows])
        kernel, offset = (_tensor(model, part[rows].shape, part[rows]) for part in (weights, bias))
        logits, outputs[name] = _tensor(model, (1, count)), _tensor(model, (1, count))
        dense = schema.FullyConnectedOptionsT()
        _operator(model, "FULLY_CONNECTED", [flat, kernel, offset], logits, "FullyConnectedOptions", dense)
        if ending == "SOFTMAX":
            softmax = schema.SoftmaxOptionsT()
            softmax.beta = 1.0
            _operator(model, ending, [logits], outputs[name], "SoftmaxOptions", softmax)
        else:
            _operator(model, ending, [logits], outputs[name])
    graph.inputs, graph.outputs = [image], list(outputs.values())
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs = [_named("image", image)]
    signature.outputs = [_named(name, index) for name, index in outputs.items()]
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
