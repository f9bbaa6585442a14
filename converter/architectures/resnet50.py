"""ResNet-50 (He et al., 2015)."""

from __future__ import annotations

from typing import Any

from converter.architectures.backbone import Backbone, pooled_heads

MEAN = (123.68, 116.779, 103.939)
"""ImageNet's mean red, green and blue, which the published weights expect to be taken away."""


def features(image: Any, _width: float, weights: str | None) -> Any:
    import keras  # noqa: PLC0415

    centred = keras.layers.Rescaling(1.0, offset=[-mean for mean in MEAN], name="scale")(image)
    network = keras.applications.ResNet50(include_top=False, weights=weights, input_tensor=centred)
    if weights is not None:
        take_rgb(network.get_layer("conv1_conv"))
    return network.output


def take_rgb(layer: Any) -> None:
    """The published weights are for blue, green, red: turn the first kernel round, rather than every picture."""
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel[:, :, ::-1], bias])


BACKBONE = Backbone("resnet50", features, pooled_heads, pretrained=True)
