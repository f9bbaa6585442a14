"""The settings of a training run that takes seconds."""

from __future__ import annotations

from converter.training.settings import TrainSettings

TINY = TrainSettings(
    design="tracker/cnn", input_size=32, width=0.5, head=8, epochs=3, batch_size=8, learning_rate=3e-3, seed=5
)
