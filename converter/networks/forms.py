"""The forms that pixels, scores and boxes have in networks that others train, and the way to edgegate's.

Every function takes arrays, or Keras's symbolic tensors of a network that is being put together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

Matrix: TypeAlias = npt.NDArray[np.float32]

Pixels: TypeAlias = Literal["0..255", "0..1", "-1..1", "caffe", "torch"]
PIXELS: tuple[Pixels, ...] = get_args(Pixels)
"""Ranges of levels; `caffe` and `torch` as keras.applications.imagenet_utils.preprocess_input calls them: blue, green
and red less ImageNet's means, as VGG16 and ResNet50 have it; and 0…1 less its means, over its deviations."""

Channels: TypeAlias = Literal["rgb", "bgr"]
CHANNELS: tuple[Channels, ...] = get_args(Channels)
"""The order of the pictures that the network was trained on, before any preprocessing: OpenCV reads BGR."""

BoxForm: TypeAlias = Literal["xyxy", "yxyx", "xywh", "cxcywh"]
BOX_FORMS: tuple[BoxForm, ...] = get_args(BoxForm)
"""Two corners, either number first; the left upper corner, or the middle, with width and height."""

BoxUnit: TypeAlias = Literal["share", "pixels"]
"""Of the picture's sides, 0…1, or pixels of the network's input."""

UNITS: Mapping[BoxUnit, str] = {"share": "shares", "pixels": "pixels"}
"""In words."""

Scores: TypeAlias = Literal["probabilities", "logits", "sigmoids", "probability", "logit"]
"""Of N classes: a softmax's, before it, one sigmoid a class. Of one number: a sigmoid's, before it."""

_CAFFE_MEANS = (103.939, 116.779, 123.68)
_TORCH_MEANS, _TORCH_DEVIATIONS = np.array((0.485, 0.456, 0.406)), np.array((0.229, 0.224, 0.225))
_SCALES: Mapping[Pixels, tuple[Any, Any]] = {
    "0..255": (1.0, 0.0),
    "0..1": (1 / 255, 0.0),
    "-1..1": (2 / 255, -1.0),
    "caffe": (1.0, -np.array(_CAFFE_MEANS)),
    "torch": (1 / 255 / _TORCH_DEVIATIONS, -_TORCH_MEANS / _TORCH_DEVIATIONS),
}
"""Factors and offsets, of all channels or of each as the network gets them."""

_CORNERS: Mapping[BoxForm, Sequence[Sequence[float]]] = {  # rows: the form's numbers; columns: x1 y1 x2 y2
    "xyxy": ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)),
    "yxyx": ((0, 1, 0, 0), (1, 0, 0, 0), (0, 0, 0, 1), (0, 0, 1, 0)),
    "xywh": ((1, 0, 1, 0), (0, 1, 0, 1), (0, 0, 1, 0), (0, 0, 0, 1)),
    "cxcywh": ((1, 0, 1, 0), (0, 1, 0, 1), (-0.5, 0, 0.5, 0), (0, -0.5, 0, 0.5)),
}


def scaled(pictures: Any, pixels: Pixels, channels: Channels) -> Any:
    """From RGB levels 0…255, (n, height, width, 3) float32, to what the network was trained on.

    One convolution of one pixel: every variant of TFLite has it, which cannot be said of turning an axis around.
    """
    from keras import ops  # noqa: PLC0415 - heavy

    factor, offset = _SCALES[pixels]
    reversed_order = (channels == "bgr") != (pixels == "caffe")
    kernel = np.asarray((np.eye(3)[::-1] if reversed_order else np.eye(3)) * factor, np.float32)
    if np.array_equal(kernel, np.eye(3)) and not np.any(offset):
        return pictures
    turned = ops.conv(pictures, kernel[None, None], 1, "valid")
    return turned + np.broadcast_to(offset, (3,)).astype(np.float32)


def corners(boxes: Any, form: BoxForm, unit: BoxUnit, width: int, height: int) -> Any:
    """Boxes (n, 4) to x1 y1 x2 y2 in 0…1 of the picture; `width` and `height` are the network's input in pixels."""
    from keras import ops  # noqa: PLC0415 - heavy

    sides = (width, height, width, height) if unit == "pixels" else (1, 1, 1, 1)
    matrix = np.asarray(np.array(_CORNERS[form]) / np.array(sides), np.float32)
    if not np.array_equal(matrix, np.eye(4)):
        boxes = ops.matmul(boxes, matrix)
    return ops.clip(boxes, 0.0, 1.0)


def probabilities(scores: Any, form: Scores, order: Sequence[int]) -> Any:
    """Scores (n, width) to probabilities (n, len(order)) that sum to 1; `order` is the index of each class among the
    network's, or -1 where it has no such class: then its probability is 0.
    """
    from keras import ops  # noqa: PLC0415 - heavy

    if form == "logits":
        scores = ops.softmax(scores)
    if form == "logit":
        scores = ops.sigmoid(scores)
    if form in {"logit", "probability"}:
        scores = ops.concatenate([1 - scores, scores], axis=1)
    if form == "sigmoids":
        scores = scores / (ops.sum(scores, axis=1, keepdims=True) + 1e-7)
    if list(order) == list(range(scores.shape[1])):
        return scores
    columns = [scores[:, index : index + 1] if index >= 0 else scores[:, :1] * 0.0 for index in order]
    return ops.concatenate(columns, axis=1)


def form_of_scores(values: npt.NDArray[np.float32]) -> Scores:
    """The form that the scores (n, width) of some pictures have, as their values say."""
    within = bool((values >= -1e-6).all() and (values <= 1 + 1e-6).all())
    if values.shape[1] == 1:
        return "probability" if within else "logit"
    if not within:
        return "logits"
    return "probabilities" if np.allclose(values.sum(axis=1), 1, atol=1e-3) else "sigmoids"


def unit_of_boxes(values: npt.NDArray[np.float32]) -> BoxUnit:
    """Of some pictures' boxes (n, 4): shares of a picture hardly leave it, and pixels are many."""
    return "pixels" if float(np.median(np.abs(values).max(axis=1))) > 2 else "share"
