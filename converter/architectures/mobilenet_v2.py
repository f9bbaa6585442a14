"""MobileNetV2 (Sandler et al., 2018). The width multiplier is its alpha."""

from __future__ import annotations

from typing import Any

from converter.architectures.backbone import Backbone, pooled_heads


def features(image: Any, width: float, weights: str | None) -> Any:
    import keras  # noqa: PLC0415

    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(image)
    network = keras.applications.MobileNetV2(include_top=False, alpha=width, weights=weights, input_tensor=scaled)
    return network.output


BACKBONE = Backbone("mobilenet_v2", features, pooled_heads, widths=True, pretrained=True)
