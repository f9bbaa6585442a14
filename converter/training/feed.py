"""Pictures on their way to the network: stretched as the daemon stretches frames, in an order that a seed gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from converter.data.compact import UnitBox
from converter.data.dataset import Sample
from converter.training.lessons import TRACKER, Lesson, shuffled
from edgegate.errors import EdgegateError
from edgegate.types import Image
from edgegate.vision.preprocess import stretch


class Alter(Protocol):
    """Augments on the fly, as `augment.Augmenter` does: RGB in and out, and where the face is then.

    The result depends on the arguments alone, of which the key is epoch and index.
    """

    def __call__(self, image: Image, box: UnitBox | None, *key: int) -> tuple[Image, UnitBox | None]: ...


Batch: TypeAlias = tuple[npt.NDArray[np.float32], dict[str, npt.NDArray[Any]], dict[str, npt.NDArray[np.float32]]]
"""Pictures 0…255, what the outputs should be, and what each picture weighs there."""

Step: TypeAlias = Literal["train", "valid"]


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


def epoch_batches(
    pictures: Pictures, size: int, seed: int, epoch: int, alter: Alter | None, lesson: Lesson = TRACKER
) -> Iterator[Batch]:
    """Every picture once, in the order of that epoch; the last batch may be smaller."""
    order = lesson.order(pictures.labels, np.random.default_rng((seed, epoch)))
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        part = _part(pictures, rows) if alter is None else _altered(pictures, rows, epoch, alter)
        yield _example(part, lesson, "train")


def training_batches(
    pictures: Pictures, size: int, seed: int, first_epoch: int, alter: Alter | None, lesson: Lesson = TRACKER
) -> Any:
    """An endless tf.data.Dataset, epoch after epoch from `first_epoch` on."""

    def batches() -> Iterator[Batch]:
        epoch = first_epoch
        while True:
            yield from epoch_batches(pictures, size, seed, epoch, alter, lesson)
            epoch += 1

    return _dataset(batches, pictures.images.shape[1], lesson, count=None)


def validation_batches(pictures: Pictures, size: int, lesson: Lesson = TRACKER) -> Any:
    """A tf.data.Dataset of every picture once, as it is and always in the same order."""
    order = np.arange(len(pictures))
    if lesson.order is not shuffled:
        order = lesson.order(pictures.labels, np.random.default_rng(0))

    def batches() -> Iterator[Batch]:
        for start in range(0, len(pictures), size):
            yield _example(_part(pictures, order[start : start + size]), lesson, "valid")

    return _dataset(batches, pictures.images.shape[1], lesson, count=-(-len(pictures) // size))


def _dataset(batches: Callable[[], Iterator[Batch]], size: int, lesson: Lesson, count: int | None) -> Any:
    """`count` batches, or endlessly many."""
    import tensorflow as tf  # noqa: PLC0415 - heavy

    label, weight = tf.TensorSpec((None,), tf.int32), tf.TensorSpec((None,), tf.float32)
    box = tf.TensorSpec((None, 4), tf.float32)
    signature = (
        tf.TensorSpec((None, size, size, 3), tf.float32),
        {name: box if name == "box" else label for name in lesson.outputs},
        dict.fromkeys(lesson.outputs, weight),
    )
    stream = tf.data.Dataset.from_generator(batches, output_signature=signature)
    length = tf.data.INFINITE_CARDINALITY if count is None else count
    return stream.apply(tf.data.experimental.assert_cardinality(length)).prefetch(4)


def _part(pictures: Pictures, rows: npt.NDArray[np.int64]) -> Pictures:
    return Pictures(pictures.images[rows], pictures.labels[rows], pictures.boxes[rows], pictures.faces[rows])


def _altered(pictures: Pictures, rows: npt.NDArray[np.int64], epoch: int, alter: Alter) -> Pictures:
    part = _part(pictures, rows)
    for place, row in enumerate(rows.tolist()):
        x1, y1, x2, y2 = map(float, part.boxes[place])
        given = (x1, y1, x2, y2) if part.faces[place] else None
        part.images[place], box = alter(part.images[place], given, epoch, row)
        part.boxes[place] = box or 0
        part.faces[place] = box is not None
    return part


def _example(part: Pictures, lesson: Lesson, step: Step) -> Batch:
    silent = lesson.unheard.get(step, ())
    targets = {name: part.boxes if name == "box" else part.labels for name in lesson.outputs}
    weights = {name: np.full(len(part), name not in silent, np.float32) for name in lesson.outputs}
    if "box" in weights and lesson.empty_boxes == "ignore":
        weights["box"] = part.faces.astype(np.float32)
    return part.images.astype(np.float32), targets, weights


def _read(sample: Sample) -> Image:
    image = cv2.imread(str(sample.image), cv2.IMREAD_COLOR)
    if image is None:
        raise EdgegateError(f"{sample.image}: cannot be read as a picture; look with: converter prepare --check")
    return np.asarray(image, np.uint8)
