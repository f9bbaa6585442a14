"""`converter import onnx`: somebody's ONNX face network, converted by onnx2tf and compared with ONNX Runtime.

onnx2tf runs in a process and a folder of its own: it prints, exits and writes as a program does.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from converter.compositions.portraits import varied_chips
from converter.imports.embedder import SIZE, EmbedderFile, Floats, Reference, expected
from converter.imports.tflite import for_one_picture
from edgegate.errors import EdgegateError, ModelError

NEEDED = ("onnx2tf", "onnxruntime", "tf_keras")
TEST_PICTURES = "calibration_image_sample_data_20x128x128x3_float32.npy"
"""onnx2tf checks itself on this file, and downloads it where the folder it runs in has none."""


def onnx_network(file: Path) -> EmbedderFile:
    """Read a face network: input N×3×112×112 (or N×112×112×3), output N×n; raises EdgegateError."""
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise EdgegateError(
            f"{', '.join(missing)} not installed, and ONNX files need it; from a clone, pip install '.[import]', in a "
            "environment of its own"
        )
    session = _open(file)
    into = session.get_inputs()[0]
    channels_last = into.shape[-1] == 3
    return EmbedderFile(
        for_one_picture(_convert(file, into.name, channels_last=channels_last), file.name),
        _reference(session, channels_last=channels_last),
    )


def _open(file: Path) -> Any:
    import onnxruntime  # noqa: PLC0415 - only the `import` extra has it

    try:
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - its exceptions have no public common ancestor
        raise ModelError(f"{file.name}: ONNX Runtime cannot load it ({str(error).splitlines()[0]})") from None
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1:
        raise expected(file.name, f"it has {len(inputs)} inputs and {len(outputs)} outputs")
    if len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)" or 3 not in inputs[0].shape[1:]:
        raise expected(file.name, f"its input is {inputs[0].type} {inputs[0].shape}")
    return session


def _reference(session: Any, *, channels_last: bool) -> Reference:
    name, batch = session.get_inputs()[0].name, session.get_inputs()[0].shape[0]

    def run(picture: Floats) -> Floats:
        laid_out = picture if channels_last else picture.transpose(2, 0, 1)
        pictures = np.repeat(laid_out[np.newaxis], batch if isinstance(batch, int) else 1, axis=0)
        return np.asarray(session.run(None, {name: pictures})[0][0], np.float32)

    return run


def _convert(file: Path, input_name: str, *, channels_last: bool) -> bytes:
    """The .tflite, float32; raises ModelError."""
    shape = f"1,{SIZE},{SIZE},3" if channels_last else f"1,3,{SIZE},{SIZE}"
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / TEST_PICTURES, _test_pictures())
        options = ["--overwrite_input_shape", f"{input_name}:{shape}", "--not_use_onnxsim", "--non_verbose"]
        if channels_last:
            options += ["--keep_shape_absolutely_input_names", input_name]
        done = subprocess.run(
            [sys.executable, "-m", "onnx2tf", "-i", str(file.absolute()), "-o", "out", *options],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        made = sorted((Path(folder) / "out").glob("*_float32.tflite"))
        if done.returncode or not made:
            raise ModelError(f"{file.name}: onnx2tf cannot convert it ({_reason(done.stdout + done.stderr)})")
        return made[0].read_bytes()


def _test_pictures() -> Floats:
    """20 faces, (20, 128, 128, 3), 0…1."""
    chips = (cv2.resize(chip, (128, 128)) for chip in varied_chips(20, seed=5))
    return (np.stack(list(chips)) / 255).astype(np.float32)


def _reason(output: str) -> str:
    """The line that tells most: the last that speaks of an error, or else the last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it gave no reason"]
    return next((line for line in reversed(lines) if "error" in line.lower()), lines[-1])
