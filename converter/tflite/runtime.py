"""Runs a .tflite where the daemon would: in the daemon's runtime module, and in a process that may die of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converter.architectures.backbone import Task
from converter.tflite.answers import Answers, Floats
from edgegate.errors import ModelError
from edgegate.types import Image
from edgegate.vision.packs import MODEL_FILE

ANSWERS, COST = "answers.npz", "cost.json"
TIMEOUT_SECONDS = 600.0


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The answers of a .tflite, and what they took."""

    outputs: Mapping[str, Floats]
    """(n, …) each, by name."""
    latency_ms: float
    """The median picture's."""
    memory_mb: float
    """The memory that runtime and model add to a process, at the most."""

    @property
    def answers(self) -> Answers:
        """Of a tracker or a classifier."""
        return Answers.of(self.outputs)

    def save(self, folder: Path) -> None:
        """As `load` reads it."""
        np.savez(folder / ANSWERS, allow_pickle=False, **self.outputs)
        cost = {"latency_ms": self.latency_ms, "memory_mb": self.memory_mb}
        (folder / COST).write_text(json.dumps(cost), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Run:
        cost = json.loads((folder / COST).read_text("utf-8"))
        with np.load(folder / ANSWERS) as stored:
            return cls(dict(stored), cost["latency_ms"], cost["memory_mb"])


def run(
    blob: bytes,
    pictures: Image,
    count: int,
    *,
    task: Task = "tracker",
    threads: int = 1,
    timeout: float = TIMEOUT_SECONDS,
) -> Run:
    """Run a .tflite over (n, height, width, 3) RGB uint8; `count` is its number of classes, or its embedding's length.

    Raises ModelError if the runtime refuses the file, crashes on it, or does not end within `timeout` seconds.
    """
    with tempfile.TemporaryDirectory(prefix="edgegate-") as temporary:
        folder = Path(temporary)
        (folder / MODEL_FILE).write_bytes(blob)
        np.save(folder / "pictures.npy", pictures, allow_pickle=False)
        (folder / "task.json").write_text(json.dumps({"task": task, "count": count, "threads": threads}), "utf-8")
        _start(folder, timeout)
        return Run.load(folder)


def _start(folder: Path, timeout: float) -> None:
    call = [sys.executable, "-m", "converter.tflite.probe", str(folder)]
    try:
        done = subprocess.run(call, check=False, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise ModelError(f"the .tflite did not end within {timeout:g} s; convert the model again") from None
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        raise ModelError(f"the .tflite crashes the runtime ({name}), and would the daemon; convert the model again")
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        reason = reason.removeprefix(f"model pack {folder.name} ({folder}): ")  # which nobody has ever seen
        raise ModelError(f"the .tflite does not run: {reason}")
