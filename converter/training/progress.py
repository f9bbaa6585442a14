"""A bar on a terminal, and one line an epoch in a pipe."""

from __future__ import annotations

import sys
from typing import Any

import keras
from tqdm import tqdm

from edgegate.clock import SystemClock

SHOWN = {
    "loss": "loss",
    "val_loss": "valid",
    "val_class_accuracy": "accuracy",
    "val_accuracy": "accuracy",
    "val_box_iou": "IoU",
    "val_order": "order",
    "val_embedding_order": "order",
}


class Bar(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """One bar over all batches of all epochs, with the last epoch's figures beside it; in a pipe, a line an epoch."""

    def __init__(self, steps: int, epochs: int, done: int) -> None:
        super().__init__()
        self._steps, self._epochs, self._done = steps, epochs, done
        self._bar: Any = None
        self._clock = SystemClock()
        self._began = 0.0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002 - Keras's signature
        total, initial = self._steps * self._epochs, self._steps * self._done
        self._bar = tqdm(desc="training", unit="batch", total=total, initial=initial, disable=None, leave=False)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        self._began = self._clock.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        self._bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        figures = {name: f"{(logs or {})[key]:.3f}" for key, name in SHOWN.items() if key in (logs or {})}
        self._bar.set_postfix({"epoch": epoch + 1, **figures})
        if self._bar.disable:  # no terminal
            seconds = self._clock.monotonic() - self._began
            words = ", ".join(f"{name} {value}" for name, value in figures.items())
            print(f"epoch {epoch + 1} of {self._epochs}: {words}, {seconds:.1f} s", file=sys.stderr, flush=True)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        self._bar.close()
