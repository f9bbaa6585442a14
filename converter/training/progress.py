"""Training's progress on standard error: a bar on a terminal, a line an epoch in a pipe."""

from __future__ import annotations

import math
import sys
from typing import Any

import keras
from tqdm import tqdm

from edgegate.clock import Clock, SystemClock

SHOWN = {
    "loss": "loss",
    "val_loss": "val_loss",
    "val_class_accuracy": "accuracy",
    "val_accuracy": "accuracy",
    "val_box_iou": "IoU",
    "val_order": "order",
    "val_embedding_order": "order",
}


def progress_of(steps: int, epochs: int, done: int) -> Any:
    """A Keras callback for this standard error; `done` epochs are behind it."""
    return Bar(steps, epochs, done) if sys.stderr.isatty() else EpochLines(epochs, SystemClock())


class EpochLines(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Says how much is trained, then `epoch 3 of 36: loss 0.412, val_loss 0.530, accuracy 0.874; 12.3 s` and so on."""

    def __init__(self, epochs: int, clock: Clock) -> None:
        super().__init__()
        self._epochs, self._clock = epochs, clock
        self._began = 0.0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002 - Keras's signature
        everything = self.model.count_params()
        trained = sum(math.prod(weight.shape) for weight in self.model.trainable_weights)
        print(f"training: {trained:,} of {everything:,} parameters", file=sys.stderr, flush=True)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        self._began = self._clock.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        seconds = self._clock.monotonic() - self._began
        figures = ", ".join(f"{name} {value}" for name, value in _figures(logs).items())
        print(f"epoch {epoch + 1} of {self._epochs}: {figures}; {seconds:.1f} s", file=sys.stderr, flush=True)


class Bar(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """One bar over all batches of all epochs, with the last epoch's figures beside it."""

    def __init__(self, steps: int, epochs: int, done: int) -> None:
        super().__init__()
        self._steps, self._epochs, self._done = steps, epochs, done
        self._bar: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002 - Keras's signature
        total, initial = self._steps * self._epochs, self._steps * self._done
        self._bar = tqdm(desc="training", unit="batch", total=total, initial=initial, leave=False)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        self._bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._bar.set_postfix({"epoch": epoch + 1, **_figures(logs)})

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        self._bar.close()


def _figures(logs: dict[str, Any] | None) -> dict[str, str]:
    return {name: f"{(logs or {})[key]:.3f}" for key, name in SHOWN.items() if key in (logs or {})}
