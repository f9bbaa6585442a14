"""ResNet-50 (He et al., 2015) with a softmax on the mean over the picture, from scratch or from ImageNet's weights.

Its five blocks are `conv1_` to `conv5_`: of a network that begins with weights it is given, the first three stay.
"""

from __future__ import annotations

from typing import Any

from converter.architectures import resnet50
from converter.architectures.backbone import Backbone, softmax_head


def heads(features: Any, classes: int, head: int) -> dict[str, Any]:
    from keras import layers  # noqa: PLC0415

    return softmax_head(layers.GlobalAveragePooling2D(name="mean")(features), classes, head)


BACKBONE = Backbone(
    "resnet50",
    resnet50.features,
    heads,
    "classifier",
    224,
    pretrained=True,
    frozen=("conv1_", "conv2_", "conv3_"),
)
