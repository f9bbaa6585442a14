"""Checkpoints of a run while it goes on: after every epoch the network as it is, the best one, and the history.

The checkpoint is written first and the history, which names the last epoch that counts, second, each whole or not at
all. So whatever happens in between, the run goes on from an epoch that has both, and at most one is lost.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras

from converter.training.history import HISTORY_FILE, History, write_history
from edgegate.system.output_files import complete


def checkpoint(out: Path, epoch: int) -> Path:
    """The network after that epoch (from 0), its optimizer with it."""
    return out / "checkpoints" / f"epoch-{epoch + 1:04d}.keras"


class Keeper(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Keeps `history` up to date, in memory and in the folder, and ends the training when it says so.

    An epoch whose figures are no numbers is not kept, and ends it too.
    """

    def __init__(self, out: Path, history: History, epochs: int, patience: int) -> None:
        super().__init__()
        self.history = history
        self._out, self._epochs, self._patience = out, epochs, patience
        checkpoint(out, 0).parent.mkdir(parents=True, exist_ok=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        figures = {name: float(value) for name, value in (logs or {}).items()}
        if not all(map(math.isfinite, figures.values())):
            self.model.stop_training = True
            return
        with complete(checkpoint(self._out, epoch), shared=True) as draft:
            self.model.save(draft)
        self.history = self.history.with_epoch(figures)
        write_history(self._out / HISTORY_FILE, self.history)
        self._tidy(epoch)
        if self.history.finished(self._epochs, self._patience):
            self.model.stop_training = True

    def _tidy(self, last: int) -> None:
        kept = {checkpoint(self._out, last), checkpoint(self._out, self.history.best)}
        for file in checkpoint(self._out, 0).parent.glob("epoch-*.keras"):
            if file not in kept:
                file.unlink()
