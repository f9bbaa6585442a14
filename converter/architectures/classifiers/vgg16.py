"""VGG16 (Simonyan and Zisserman, 2014) up to its second dense layer, and a new softmax on it.

Of a network that begins with weights it is given, all but the softmax stays: 134,260,544 parameters, against 4,097 for
each class that are trained. Where those weights are without the top, both dense layers are new and are trained too:
then the convolutions alone stay, 14,714,688 parameters.
"""

from __future__ import annotations

from typing import Any

from converter.architectures.backbone import Backbone, softmax_head
from converter.architectures.resnet50 import MEAN, take_rgb
from converter.architectures.weights import has_layer, parse_weights

TOP = ("fc1", "fc2")
UNITS = 4096


def features(image: Any, _width: float, weights: str | None) -> Any:
    """(batch, 4096): the last inner layer. ImageNet's weights with the top are for 224 pixels."""
    import keras  # noqa: PLC0415

    centred = keras.layers.Rescaling(1.0, offset=[-mean for mean in MEAN], name="scale")(image)
    whole = has_layer(parse_weights(weights), TOP[0])
    network = keras.applications.VGG16(include_top=whole, weights=weights, input_tensor=centred)
    if weights is not None:
        take_rgb(network.get_layer("block1_conv1"))
    return network.get_layer(TOP[-1]).output if whole else _dense(network.output)


def _dense(maps: Any) -> Any:
    from keras import layers  # noqa: PLC0415

    x = layers.Flatten(name="flatten")(maps)
    for name in TOP:
        x = layers.Dense(UNITS, activation="relu", name=name)(x)
    return x


BACKBONE = Backbone(
    "vgg16", features, softmax_head, "classifier", 224, pretrained=True, frozen=("block", "fc"), top=TOP
)
