"""MobileNetV3 small (Howard et al., 2019). The width multiplier is its alpha; it scales pixels itself."""

from __future__ import annotations

from typing import Any

from converter.architectures.backbone import Backbone, pooled_heads


def features(image: Any, width: float, weights: str | None) -> Any:
    import keras  # noqa: PLC0415

    return keras.applications.MobileNetV3Small(
        include_top=False, alpha=width, weights=weights, input_tensor=image, include_preprocessing=True
    ).output


BACKBONE = Backbone("mobilenet_v3_small", features, pooled_heads, widths=True, pretrained=True)
