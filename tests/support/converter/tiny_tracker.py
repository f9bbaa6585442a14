"""Two portraits pasted small on noise-free walls, and the smallest network that learns something of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from converter.compositions.portraits import ASTRONAUT, GRACE_HOPPER, Portrait, read
from converter.data.dataset import Dataset, Sample, Split, load_dataset, writing
from edgegate.types import Image

SIZE = 48
CLASSES = ("unknown", "anna")
COUNTS: dict[Split, int] = {"train": 72, "valid": 12, "test": 60}


def make_dataset(folder: Path) -> Dataset:
    """In turn the enrolled face, a stranger's, and nobody; two cameras take turns."""
    faces = {1: _face(ASTRONAUT), 0: _face(GRACE_HOPPER)}
    with writing(folder, CLASSES) as writer:
        for number, (split, count) in enumerate(COUNTS.items()):
            rng = np.random.default_rng(number)
            for index in range(count):
                label = (1, 0, None)[index % 3]
                image, box = _scene(faces.get(label), rng) if label is not None else (_wall(rng), None)
                content = cv2.imencode(".jpg", image)[1].tobytes()
                name = Path(f"scene-{index}.jpg")
                camera = ("door", "phone")[index // 3 % 2]
                writer.add(split, Sample(name, label or 0, box, f"{split}-{index}", camera), content, ".jpg")
    return load_dataset(folder)


def _face(portrait: Portrait) -> Image:
    x1, y1, x2, y2 = portrait.box.rounded()
    return read(portrait)[y1:y2, x1:x2]


def _wall(rng: np.random.Generator) -> Image:
    ends = rng.integers(60, 200, (2, 3))
    slope = np.linspace(0, 1, 96)[None, :, None]
    return np.broadcast_to(ends[0] * (1 - slope) + ends[1] * slope, (72, 96, 3)).astype(np.uint8).copy()


def _scene(face: Image | None, rng: np.random.Generator) -> tuple[Image, tuple[float, float, float, float]]:
    assert face is not None
    wall, side = _wall(rng), int(rng.integers(28, 44))
    x, y = int(rng.integers(0, 96 - side)), int(rng.integers(0, 72 - side))
    wall[y : y + side, x : x + side] = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return wall, (x / 96, y / 72, (x + side) / 96, (y + side) / 72)


def make_model(classes: int = 2, *, output_names: tuple[str, str] = ("class", "box")) -> Any:
    """Untrained: (48, 48, 3) pixels 0…255 to a softmax and a box."""
    import keras  # noqa: PLC0415 - only where TensorFlow is installed

    keras.utils.set_random_seed(5)
    layers = keras.layers
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Rescaling(1 / 255)(image)
    for filters in (8, 16, 24):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(48, activation="relu")(layers.Flatten()(x))
    values = (
        layers.Dense(classes, activation="softmax", name="class")(x),
        layers.Dense(4, activation="sigmoid", name="box")(x),
    )
    return keras.Model(image, dict(zip(output_names, values, strict=True)))


def fit(model: Any, dataset: Dataset, epochs: int = 24) -> Any:
    """A few seconds of training, enough to tell the two apart and to find them roughly."""
    import keras  # noqa: PLC0415

    from converter.tflite.calibration import picture  # noqa: PLC0415

    samples = dataset.splits["train"]
    pictures = np.stack([picture(str(sample.image), SIZE) for sample in samples]).astype(np.float32)
    labels = np.array([sample.label for sample in samples])
    boxes = np.array([sample.box or (0.4, 0.4, 0.6, 0.6) for sample in samples], np.float32)
    losses = {"class": "sparse_categorical_crossentropy", "box": "mse"}
    model.compile(keras.optimizers.Adam(4e-3), losses, loss_weights={"class": 1, "box": 10})
    model.fit(pictures, {"class": labels, "box": boxes}, batch_size=24, epochs=epochs, verbose=0, shuffle=True)
    return model
