"""The network of a first course: three convolutions, each halved, and one dense layer; 174,563 parameters."""

from __future__ import annotations

from typing import Any

from converter.architectures.backbone import Backbone, softmax_head


def features(image: Any, width: float, _weights: str | None) -> Any:
    """(batch, 64 × width × (size / 8)²): 50,176 of 224 pixels."""
    from keras import layers  # noqa: PLC0415

    x = layers.Rescaling(1 / 255, name="scale")(image)
    for number, filters in enumerate((16, 32, 64), start=1):
        x = layers.Conv2D(max(1, round(filters * width)), 3, padding="same", name=f"conv{number}")(x)
        x = layers.BatchNormalization(name=f"conv{number}_norm")(x)
        x = layers.ReLU(name=f"conv{number}_relu")(x)
        x = layers.MaxPooling2D(2, name=f"conv{number}_pool")(x)
    return layers.Flatten(name="flat")(x)


BACKBONE = Backbone("cnn", features, softmax_head, "classifier", 224, multiple=8, widths=True)
