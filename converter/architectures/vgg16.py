"""VGG16 (Simonyan and Zisserman, 2014): the published tracker's backbone. 16,830,279 parameters with 3 classes."""

from __future__ import annotations

from typing import Any

from converter.architectures.backbone import Backbone, pooled_heads


def features(image: Any, _width: float, weights: str | None) -> Any:
    """Pixels are scaled to 0…1, as published, also for weights that were trained on other numbers."""
    import keras  # noqa: PLC0415

    scaled = keras.layers.Rescaling(1 / 255, name="scale")(image)
    return keras.applications.VGG16(include_top=False, weights=weights, input_tensor=scaled).output


BACKBONE = Backbone("vgg16", features, pooled_heads, pretrained=True)
