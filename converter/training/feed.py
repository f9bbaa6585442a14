"""Pictures on their way to the network: stretched as the daemon stretches frames, in an order that a seed gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from converter.compact import UnitBox
from converter.dataset import Sample
from edgegate.errors import EdgegateError
from edgegate.types import Image
from edgegate.vision.preprocess import stretch


class Alter(Protocol):
    """Augments on the fly, as `augment.Augmenter` does: RGB in and out, and where the face is then.

    The result depends on the arguments alone, of which the key is epoch and index.
    """

    def __call__(self, image: Image, box: UnitBox | None, *key: int) -> tuple[Image, UnitBox | None]: ...


Batch: TypeAlias = tuple[npt.NDArray[np.float32], dict[str, npt.NDArray[Any]], dict[str, npt.NDArray[np.float32]]]
"""Pictures 0…255, what the outputs should be, and what each picture weighs there: boxes 0 where there is no face."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """One split, in memory: `images` uint8 (n, size, size, 3) RGB, 43 kB each at 120 pixels."""

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int32]
    boxes: npt.NDArray[np.float32]
    """(n, 4), x1 y1 x2 y2 in 0…1; zeros where there is no face."""
    faces: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def sha256(self) -> str:
        parts = (self.images, self.labels, self.boxes, self.faces)
        return hashlib.sha256(b"".join(hashlib.sha256(part.tobytes()).digest() for part in parts)).hexdigest()


def read_pictures(
    samples: Sequence[Sample], size: int, progress: Callable[[Iterable[Sample]], Iterable[Sample]] = iter
) -> Pictures:
    """Raises EdgegateError at a picture that cannot be read, or where there is none at all."""
    if not samples:
        raise EdgegateError("a split of the dataset is empty, and training needs pictures in train and valid")
    images = np.stack([stretch(_read(sample), size) for sample in progress(samples)])
    return Pictures(
        images,
        np.array([sample.label for sample in samples], np.int32),
        np.array([sample.box or (0, 0, 0, 0) for sample in samples], np.float32),
        np.array([sample.box is not None for sample in samples]),
    )


def epoch_batches(pictures: Pictures, size: int, seed: int, epoch: int, alter: Alter | None) -> Iterator[Batch]:
    """Every picture once, in the order of that epoch; the last batch may be smaller."""
    order = np.random.default_rng((seed, epoch)).permutation(len(pictures))
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        yield _batch(pictures, rows) if alter is None else _altered(pictures, rows, epoch, alter)


def training_batches(pictures: Pictures, size: int, seed: int, first_epoch: int, alter: Alter | None) -> Any:
    """An endless tf.data.Dataset, epoch after epoch from `first_epoch` on."""

    def batches() -> Iterator[Batch]:
        epoch = first_epoch
        while True:
            yield from epoch_batches(pictures, size, seed, epoch, alter)
            epoch += 1

    return _dataset(batches, pictures.images.shape[1], count=None)


def validation_batches(pictures: Pictures, size: int) -> Any:
    """A tf.data.Dataset of every picture once, as it is."""

    def batches() -> Iterator[Batch]:
        for start in range(0, len(pictures), size):
            yield _batch(pictures, np.arange(start, min(start + size, len(pictures))))

    return _dataset(batches, pictures.images.shape[1], count=-(-len(pictures) // size))


def _dataset(batches: Callable[[], Iterator[Batch]], size: int, count: int | None) -> Any:
    """`count` batches, or endlessly many."""
    import tensorflow as tf  # noqa: PLC0415 - heavy

    weight = tf.TensorSpec((None,), tf.float32)
    signature = (
        tf.TensorSpec((None, size, size, 3), tf.float32),
        {"class": tf.TensorSpec((None,), tf.int32), "box": tf.TensorSpec((None, 4), tf.float32)},
        {"class": weight, "box": weight},
    )
    stream = tf.data.Dataset.from_generator(batches, output_signature=signature)
    length = tf.data.INFINITE_CARDINALITY if count is None else count
    return stream.apply(tf.data.experimental.assert_cardinality(length)).prefetch(4)


def _batch(pictures: Pictures, rows: npt.NDArray[np.int64]) -> Batch:
    return _example(pictures.images[rows], pictures.labels[rows], pictures.boxes[rows], pictures.faces[rows])


def _altered(pictures: Pictures, rows: npt.NDArray[np.int64], epoch: int, alter: Alter) -> Batch:
    images, boxes = pictures.images[rows], pictures.boxes[rows]
    faces = pictures.faces[rows]
    for place, row in enumerate(rows.tolist()):
        x1, y1, x2, y2 = map(float, boxes[place])
        given = (x1, y1, x2, y2) if faces[place] else None
        images[place], box = alter(images[place], given, epoch, row)
        boxes[place] = box or 0
        faces[place] = box is not None
    return _example(images, pictures.labels[rows], boxes, faces)


def _example(
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.int32],
    boxes: npt.NDArray[np.float32],
    faces: npt.NDArray[np.bool_],
) -> Batch:
    weights = {"class": np.ones(len(labels), np.float32), "box": faces.astype(np.float32)}
    return images.astype(np.float32), {"class": labels, "box": boxes}, weights


def _read(sample: Sample) -> Image:
    image = cv2.imread(str(sample.image), cv2.IMREAD_COLOR)
    if image is None:
        raise EdgegateError(f"{sample.image}: cannot be read as a picture; look with: converter prepare --check")
    return np.asarray(image, np.uint8)
