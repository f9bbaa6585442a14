"""Test images with the true box and the one that was given, the worst first."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import cv2
import numpy as np

from converter.report.subject import ReportedTracker
from converter.tflite.answers import iou
from edgegate.errors import UsageError
from edgegate.types import Image

COUNT = 18
WIDTH = 300
_QUALITY = 82
_WHITE, _BLACK, _BLUE = (255, 255, 255), (0, 0, 0), (230, 140, 30)


@dataclass(frozen=True, slots=True)
class Example:
    """One image of the held-out ones, by its place among them."""

    index: int
    truth: str
    given: str
    confidence: float
    iou: float | None
    """With the true box; None where there is none."""
    opens: bool
    """True if the door would have believed it: another class than 0, with the threshold or more."""

    @property
    def badness(self) -> tuple[bool, bool, float]:
        """The door opened to the wrong one, then wrong classes by how sure they were, then boxes by how far off."""
        wrong = self.truth != self.given
        return self.opens and wrong, wrong, self.confidence if wrong else 1 - (1.0 if self.iou is None else self.iou)


def worst(subject: ReportedTracker, count: int = COUNT) -> list[Example]:
    _, answers = subject.shown
    truth, names = subject.truth, subject.classes
    overlap = iou(answers.boxes, truth.boxes) if answers.boxed else np.ones(len(truth.labels), np.float32)
    examples = [
        Example(
            index,
            truth=names[truth.labels[index]],
            given=names[label],
            confidence=float(answers.confidence[index]),
            iou=float(overlap[index]) if truth.placed[index] else None,
            opens=bool(label != 0 and answers.confidence[index] >= subject.budgets.threshold),
        )
        for index, label in enumerate(answers.labels.tolist())
    ]
    return sorted(examples, key=lambda example: example.badness, reverse=True)[:count]


def figures(subject: ReportedTracker) -> Iterator[str]:
    """The worst as HTML figures, each with its picture inside."""
    boxed = subject.shown[1].boxed
    for example in worst(subject):
        data = base64.b64encode(_drawn(subject, example)).decode()
        wrong = ' class="bad"' if example.truth != example.given else ""
        box = "" if not boxed else ", nobody there" if example.iou is None else f", box IoU {example.iou:.2f}"
        said = f"{example.truth} said to be {example.given}" if wrong else f"{example.truth}, rightly"
        more = ", and the door would believe it" if example.opens and wrong else ""
        yield (
            f'<figure class="card"><img src="data:image/jpeg;base64,{data}" width="{WIDTH}" alt="{escape(said)}">'
            f"<figcaption><span{wrong}>{escape(said)}{more}</span><br>"
            f"{example.confidence:.2f} sure{box}</figcaption></figure>\n"
        )


def _drawn(subject: ReportedTracker, example: Example) -> bytes:
    """A JPEG: the given box in blue, the true one in white."""
    file = subject.truth.samples[example.index].image
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise UsageError(f"{file}: cannot be read as a picture; prepare the dataset again")
    height = round(WIDTH * image.shape[0] / image.shape[1])
    small = np.asarray(cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)
    answers = subject.shown[1]
    if example.iou is not None and answers.boxed:
        _rectangle(small, subject.truth.boxes[example.index].tolist(), _WHITE)
    if answers.boxed and (example.given != subject.classes[0] or example.iou is not None):
        _rectangle(small, answers.boxes[example.index].tolist(), _BLUE)
    ok, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert ok
    return data.tobytes()


def _rectangle(image: Image, box: list[float], colour: tuple[int, int, int]) -> None:
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (round(value * side) for value, side in zip(box, (width, height) * 2, strict=True))
    cv2.rectangle(image, (x1, y1), (x2, y2), _BLACK, 4, cv2.LINE_AA)  # white or blue on black is seen on every picture
    cv2.rectangle(image, (x1, y1), (x2, y2), colour, 2, cv2.LINE_AA)
