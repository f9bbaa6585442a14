"""Networks as courses write and train them: plain Keras, nothing of edgegate's, every habit that is met elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from converter.data.dataset import Dataset, Split

Floats = npt.NDArray[np.float32]

FORMATS = ("keras", "h5", "saved_model")


@dataclass(frozen=True, eq=False)
class Course:
    """One way to write a tracker or a classifier. `model` takes the input's size."""

    model: Callable[[int], Any]
    size: int = 96
    epochs: int = 14
    rate: float = 1e-3
    pixels: bool = False
    """Boxes are trained in pixels of the input."""
    swapped: bool = False
    """Boxes are trained as y1 x1 y2 x2."""
    scale: float = 1 / 255
    heads_only: bool = False
    """True where two cores would take hours: its body stays as it began, and its answers are what is compared."""

    def boxes(self, boxes: Floats) -> Floats:
        """From x1 y1 x2 y2 in 0…1 to what it is trained on."""
        ordered = boxes[:, [1, 0, 3, 2]] if self.swapped else boxes
        return ordered * self.size if self.pixels else ordered


@dataclass(frozen=True, eq=False)
class Photos:
    """Pictures (n, size, size, 3) RGB in the network's range, labels (n,), boxes (n, 4), which have one (n,)."""

    pictures: Floats
    labels: npt.NDArray[np.int64]
    boxes: Floats
    boxed: npt.NDArray[np.bool_]


def read_split(dataset: Dataset, split: Split, size: int, scale: float) -> Photos:
    samples = dataset.splits[split]
    rows = [cv2.resize(_rgb(sample.image), (size, size), interpolation=cv2.INTER_AREA) for sample in samples]
    return Photos(
        np.stack(rows).astype(np.float32) * np.float32(scale),
        np.array([sample.label for sample in samples], np.int64),
        np.array([sample.box or (0, 0, 0, 0) for sample in samples], np.float32),
        np.array([sample.box is not None for sample in samples]),
    )


def _rgb(file: Path) -> npt.NDArray[Any]:
    image = cv2.imread(str(file))
    assert image is not None
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def train(course: Course, photos: Photos) -> Any:
    """The trained keras.Model; seeded."""
    import keras  # noqa: PLC0415 - only where TensorFlow is installed

    keras.utils.set_random_seed(3)
    model = course.model(course.size)
    if course.heads_only:
        return _with_heads_trained(model, course, photos)
    outputs = model.outputs
    width = int(outputs[0].shape[1])
    logits = outputs[0]._keras_history.operation.activation.__name__ == "linear"
    losses = keras.losses
    who = losses.BinaryCrossentropy(logits) if width == 1 else losses.SparseCategoricalCrossentropy(logits)
    labels = photos.labels.astype(np.float32)
    if len(outputs) == 1:
        model.compile(keras.optimizers.Adam(course.rate), who)
        model.fit(photos.pictures, labels, batch_size=16, epochs=course.epochs, verbose=0)
        return model
    weights = [1.0, 5.0 / (course.size**2 if course.pixels else 1)]
    model.compile(keras.optimizers.Adam(course.rate), [who, "mse"], loss_weights=weights)
    boxes = course.boxes(photos.boxes)
    model.fit(photos.pictures, [labels, boxes], batch_size=16, epochs=course.epochs, verbose=0)
    return model


def _with_heads_trained(model: Any, course: Course, photos: Photos) -> Any:
    """The two heads of `facetracker`, on what its body says of the photos."""
    import keras  # noqa: PLC0415

    pooled = model.get_layer("vgg16").predict(photos.pictures, batch_size=16, verbose=0).max(axis=(1, 2))
    features = keras.Input(pooled.shape[1:])
    heads = [model.get_layer(f"{name}_out")(model.get_layer(f"{name}_hidden")(features)) for name in ("who", "where")]
    both = keras.Model(features, heads)
    both.compile(
        keras.optimizers.Adam(course.rate), ["sparse_categorical_crossentropy", "mse"], loss_weights=[1.0, 5.0]
    )
    both.fit(pooled, [photos.labels, photos.boxes], batch_size=16, epochs=course.epochs, verbose=0)
    return model


def save(model: Any, folder: Path, form: str) -> Path:
    """One of FORMATS, under a name that a course would give it."""
    folder.mkdir(parents=True, exist_ok=True)
    if form == "saved_model":
        model.export(str(folder / "facetracker"), verbose=False)
        return folder / "facetracker"
    file = folder / f"facetracker.{form}"
    model.save(file)
    return file


def _heads(features: Any, classes: int, activation: str | None, box: str | None = "sigmoid") -> list[Any]:
    from keras import layers  # noqa: PLC0415 - with the others: only where TensorFlow is installed

    hidden = layers.Dense(64, activation="relu")(features)
    where = layers.Dense(64, activation="relu")(features)
    return [layers.Dense(classes, activation=activation)(hidden), layers.Dense(4, activation=box)(where)]


def _cnn(image: Any) -> Any:
    from keras import layers  # noqa: PLC0415

    features = image
    for filters in (16, 24, 32, 48):
        features = layers.Conv2D(filters, 3, padding="same", activation="relu")(features)
        features = layers.MaxPooling2D()(features)
    return layers.Dropout(0.4)(layers.Flatten()(features))


def small(size: int, *, classes: int = 2, activation: str | None = "softmax", box: str | None = "sigmoid") -> Any:
    import keras  # noqa: PLC0415

    image = keras.Input((size, size, 3))
    return keras.Model(image, _heads(_cnn(image), classes, activation, box))


def sequential(size: int) -> Any:
    """A classifier of whole pictures."""
    import keras  # noqa: PLC0415
    from keras import layers  # noqa: PLC0415

    model = keras.Sequential([keras.Input((size, size, 3))])
    for filters in (16, 32, 48):
        model.add(layers.Conv2D(filters, 3, activation="relu"))
        model.add(layers.MaxPooling2D())
    for layer in (
        layers.Flatten(),
        layers.Dropout(0.4),
        layers.Dense(64, activation="relu"),
        layers.Dense(2, activation="softmax"),
    ):
        model.add(layer)
    return model


def nested(backbone: str, size: int, **options: Any) -> Any:
    """A network of keras.applications as one layer, and heads on its pooled features."""
    import keras  # noqa: PLC0415
    from keras import layers  # noqa: PLC0415

    image = keras.Input((size, size, 3))
    body = getattr(keras.applications, backbone)(
        include_top=False, weights=None, input_shape=(size, size, 3), **options
    )
    for layer in body.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.9  # a course has thousands of steps for the averages, and this has hundreds
    features = layers.GlobalAveragePooling2D()(body(image))
    return keras.Model(image, _heads(features, 2, "softmax"))


def facetracker(size: int) -> Any:
    """The FaceTracker as tutorials print it: 16,830,279 parameters, three classes and a box in a list."""
    import keras  # noqa: PLC0415
    from keras import layers  # noqa: PLC0415

    image = keras.Input((size, size, 3))
    body = keras.applications.VGG16(include_top=False, weights=None)
    for layer in body.layers:
        if layer.weights:  # as He's initializer has it: with Glorot's, thirteen layers make all pictures one
            layer.kernel.assign(layer.kernel * 2**0.5)
    features = body(image)
    answers = []
    for name, width, activation in (("who", 3, "softmax"), ("where", 4, "sigmoid")):
        pooled = layers.GlobalMaxPooling2D()(features)
        hidden = layers.Dense(2048, activation="relu", name=f"{name}_hidden")(pooled)
        answers.append(layers.Dense(width, activation=activation, name=f"{name}_out")(hidden))
    return keras.Model(image, answers)


COURSES: Mapping[str, Course] = {
    "sigmoid": Course(partial(small, classes=1, activation="sigmoid")),
    "sequential": Course(sequential, epochs=12),
    "pixels": Course(partial(small, box=None), pixels=True),
    "yxyx": Course(small, swapped=True),
    "logits": Course(partial(small, activation=None)),
    "mobilenetv2": Course(partial(nested, "MobileNetV2"), epochs=16),
    "efficientnetb0": Course(partial(nested, "EfficientNetB0"), epochs=14, scale=1.0),
    "facetracker": Course(facetracker, size=120, epochs=40, rate=3e-4, heads_only=True),
}
QUICK = ("sigmoid", "sequential")
