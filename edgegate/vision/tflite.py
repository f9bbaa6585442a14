"""The one place that runs TFLite: a verified pack becomes a function from pixels to named outputs.

Inputs and outputs are found by their names in the model's signature. Their order in the file means nothing: the
TensorFlow converter is known to reverse it.
"""

from __future__ import annotations

import importlib
import math
import zipfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from edgegate.errors import ModelError
from edgegate.system.quiet import quiet
from edgegate.types import Image
from edgegate.vision.packs import Pack, refused

Runtime = Literal["auto", "litert", "tflite-runtime"]
Floats = npt.NDArray[np.float32]
Timer = Callable[[], AbstractContextManager[None]]
"""Entered around every invocation, so that a benchmark can sum them."""

MODULES = {"litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}


class Runnable(Protocol):
    """A `Model`, as far as a network of a door needs it."""

    @property
    def pack(self) -> Pack: ...

    def run(self, pixels: Image) -> dict[str, Floats]: ...


class Model:
    """A loaded model. Not safe to call from two threads at once."""

    def __init__(
        self,
        pack: Pack,
        *,
        runtime: Runtime = "auto",
        threads: int = 1,
        timer: Timer = nullcontext,
        prove: bool = True,
    ) -> None:
        """Load `pack` and let it prove itself on its golden answer; raises ModelError.

        Only the converter, which makes the golden answer, loads without the proof.
        """
        self.pack = pack
        self._timer = timer
        self._interpreter = _open(pack, runtime, threads)
        self._input, self._outputs = _resolve(pack, self._interpreter)
        self.fast = _is_fast(self._interpreter)
        """True if TFLite took its fast kernels, XNNPACK's. Where it cannot, it says so to nobody."""
        self._step = np.float32((pack.input.high - pack.input.low) / 255)
        self._levels = quantized_levels(pack, self._input)
        if prove:
            _prove(self)

    def run(self, pixels: Image) -> dict[str, Floats]:
        """One picture (height, width, 3), uint8 in the card's colour order, to float32 outputs by name.

        The shapes are the card's. Raises ModelError if the picture is not of the card's size.
        """
        shape = (self.pack.input.height, self.pack.input.width, 3)
        if pixels.shape != shape or pixels.dtype != np.uint8:
            raise ModelError(f"{self.pack.folder.name} takes uint8 {shape}, not {pixels.dtype} {pixels.shape}")
        self._fill(pixels)
        self.invoke()
        return {name: self._read(details) for name, details in self._outputs.items()}

    def invoke(self) -> None:
        with self._timer():
            self._interpreter.invoke()

    def _fill(self, pixels: Image) -> None:
        """Write straight into the input tensor. No view of it may live on: `invoke` refuses while one does."""
        tensor = self._interpreter.tensor(self._input["index"])()[0]
        if tensor.dtype == np.float32:
            np.multiply(pixels, self._step, out=tensor, casting="unsafe")
            if self.pack.input.low:
                tensor += np.float32(self.pack.input.low)
        elif self._levels is None:
            tensor[...] = pixels
        else:
            np.take(self._levels, pixels, out=tensor)

    def _read(self, details: Mapping[str, Any]) -> Floats:
        values = self._interpreter.get_tensor(details["index"])
        if values.dtype == np.float32:
            return np.asarray(values, np.float32)
        return dequantize(values, *details["quantization"])


def quantize(values: npt.ArrayLike, dtype: npt.DTypeLike, scale: float, zero_point: int) -> npt.NDArray[Any]:
    """Real numbers as the nearest of the tensor's integers; what lies outside its range is clipped, not wrapped."""
    limits = np.iinfo(np.dtype(dtype))
    steps = np.rint(np.asarray(values, np.float32) / np.float32(scale)) + zero_point
    quantized: npt.NDArray[Any] = np.clip(steps, limits.min, limits.max).astype(dtype)
    return quantized


def dequantize(values: npt.NDArray[Any], scale: float, zero_point: int) -> Floats:
    return (values.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)


def quantized_levels(pack: Pack, details: Mapping[str, Any]) -> npt.NDArray[Any] | None:
    """Returns what each of the 256 pixel levels is in a quantized input; None if it is the level itself, or a float."""
    if details["dtype"] == np.float32:
        return None
    real = np.linspace(pack.input.low, pack.input.high, 256, dtype=np.float32)
    levels = quantize(real, details["dtype"], *details["quantization"])
    return None if np.array_equal(levels, np.arange(256)) else levels


def _open(pack: Pack, runtime: Runtime, threads: int) -> Any:
    interpreter_class = _find(runtime)
    try:
        with quiet():  # TFLite tells which delegate it has created; its errors come as exceptions
            interpreter = interpreter_class(model_path=str(pack.model), num_threads=threads)
            interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise refused(pack.folder, f"the runtime cannot load it ({reason})", "rebuild the pack") from None
    return interpreter


def _is_fast(interpreter: Any) -> bool:
    """True if a delegate has taken over operators; none is asked for by name, and XNNPACK is all that comes unasked."""
    operators = interpreter._get_ops_details()  # noqa: SLF001  there is no public way to ask
    return any(operator["op_name"] == "DELEGATE" for operator in operators)


def _find(runtime: Runtime) -> Any:
    """The interpreter class of the runtime asked for, or of the first that is installed."""
    wanted = list(MODULES) if runtime == "auto" else [runtime]
    for name in wanted:
        # Its wheels are built against NumPy 1, and with NumPy 2 fail only later, and unreadably.
        clash = name == "tflite-runtime" and int(np.__version__.split(".")[0]) >= 2
        try:
            module = None if clash else importlib.import_module(MODULES[name])
        except ImportError:
            continue
        if module is None:
            raise ModelError(
                f"tflite-runtime cannot work with NumPy {np.__version__}; "
                "from a clone, pip install '.[tflite-runtime]', or use ai-edge-litert"
            )
        return module.Interpreter
    raise ModelError(f"{' or '.join(wanted)} is not installed; pip install ai-edge-litert")


def _resolve(pack: Pack, interpreter: Any) -> tuple[Mapping[str, Any], dict[str, Mapping[str, Any]]]:
    """Tensor details of the one input and of the card's outputs, by name, their shapes compared with the card."""
    inputs, outputs = _signature(pack, interpreter)
    if len(inputs) != 1:
        raise refused(pack.folder, f"the model has {len(inputs)} inputs, not one", "rebuild the pack")
    expected = {"input": (1, pack.input.height, pack.input.width, 3), **pack.outputs}
    actual = {"input": next(iter(inputs.values())), **outputs}
    for name, shape in expected.items():
        found = tuple(map(int, actual[name]["shape"])) if name in actual else None
        if found != shape:
            reason = f"{name} has shape {found}, its card says {shape}"
            raise refused(pack.folder, reason, "rebuild the pack with the converter")
    return actual["input"], {name: outputs[name] for name in pack.outputs}


def _signature(pack: Pack, interpreter: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Details of the signature's inputs and outputs by name; what a damaged one raises depends on the runtime."""
    try:
        runner = interpreter.get_signature_runner()
    except ValueError:
        raise refused(pack.folder, "the model has no single signature", "rebuild the pack") from None
    try:
        return runner.get_input_details(), runner.get_output_details()
    except (RuntimeError, TypeError, ValueError) as error:  # of a tensor that is not there, or whose name is no text
        reason = str(error).strip().split("\n")[0]
        raise refused(pack.folder, f"its signature cannot be read ({reason})", "rebuild the pack") from None


def _prove(model: Model) -> None:
    """Compare with the golden answer: runtimes and processors differ a little, a wrong model differs a lot."""
    pack = model.pack
    try:
        with np.load(pack.golden) as golden:
            images, expected = golden["input"], {name: golden[name] for name in pack.outputs}
    except (KeyError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise refused(pack.folder, f"its golden answer cannot be read ({error})", "copy it again") from None
    for index, image in enumerate(images):
        outputs = model.run(image)
        for name, answers in expected.items():
            if not _agrees(pack, outputs[name], answers[index : index + 1]):
                reason = f"its {name} is not the golden answer on this runtime"
                raise refused(pack.folder, reason, "use the other TFLite runtime, or rebuild the pack")


def _agrees(pack: Pack, output: Floats, golden: Floats) -> bool:
    if pack.task == "embedder":
        return cosine(output, golden) >= 0.999
    if pack.task in {"tracker", "classifier"}:  # 0…1 throughout; int8 kernels round by up to 0.02 differently
        return bool(np.allclose(output, golden, rtol=0, atol=0.05))
    return bool(np.allclose(output, golden, rtol=1e-3, atol=1e-3 * float(np.abs(golden).max())))


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-80.0, min(80.0, logit))))


def cosine(one: Floats, other: Floats) -> float:
    """Of two arrays taken as vectors; NaN where either is zero, so that no comparison with it holds."""
    norm = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.vdot(one, other)) / norm if norm else float("nan")
