"""Drawing on a picture: boxes, plates with words, the strip at the bottom. Sizes follow the picture's height."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import cv2
import numpy as np

from edgegate.access.observation import Sighting
from edgegate.events.cloudevents import Names
from edgegate.events.vocabulary import Denial
from edgegate.types import Box, Image, Prediction

Colour = tuple[int, int, int]

GREEN, RED, GREY = (80, 160, 40), (50, 50, 205), (128, 128, 128)
WHITE, DARK = (255, 255, 255), (28, 26, 24)
_FONT = cv2.FONT_HERSHEY_DUPLEX


@dataclass(frozen=True, slots=True)
class Caption:
    """Words on a plate of this colour."""

    text: str
    colour: Colour


class Pen:
    """Draws on pictures `height` pixels high, in place."""

    def __init__(self, height: int) -> None:
        self._unit = max(height / 480, 0.5)

    def face(self, image: Image, box: Box, label: Caption) -> None:
        """Its box, and what is thought of it above, or below where there is no room."""
        x1, y1, x2, y2 = box.rounded()
        cv2.rectangle(image, (x1, y1), (x2, y2), label.colour, self.px(2), cv2.LINE_AA)
        if label.text:
            width, height = self.plate_size(label.text, 0.45)
            left = min(max(x1, 0), max(image.shape[1] - width, 0))
            top = y1 - height if y1 >= height else min(y2, image.shape[0] - height)
            self.plate(image, label, (left, top), 0.45)

    def strip(self, image: Image, colour: Colour) -> int:
        """A strip along the bottom that the picture shines through; the answer is the height of its middle."""
        top = int(image.shape[0]) - self.px(34)
        strip = image[top:]
        strip[:] = np.asarray(strip * 0.25 + np.array(colour) * 0.75, np.uint8)
        return top + self.px(17)

    def padlock(self, image: Image, center: tuple[int, int], *, locked: bool) -> None:
        x, y = center
        width, height, radius = self.px(8), self.px(6), self.px(5)
        lift, turn = (0, 180) if locked else (self.px(2), 150)
        shackle = (x, y - self.px(1) - lift)
        cv2.ellipse(image, shackle, (radius, self.px(7)), 0, 360 - turn, 360, WHITE, self.px(2), cv2.LINE_AA)
        cv2.rectangle(image, (x - width, y - self.px(1)), (x + width, y + 2 * height - self.px(3)), WHITE, -1)

    def plate(self, image: Image, label: Caption, corner: tuple[int, int], scale: float) -> None:
        width, height = self.plate_size(label.text, scale)
        x, y = corner
        cv2.rectangle(image, (x, y), (x + width - 1, y + height - 1), label.colour, -1)
        self.text(image, label.text, (x + self.px(7), y + height // 2), scale)

    def plate_size(self, text: str, scale: float) -> tuple[int, int]:
        (width, height), _ = cv2.getTextSize(_drawable(text), _FONT, scale * self._unit, 1)
        return width + self.px(14), height + self.px(12)

    def text(self, image: Image, text: str, left_middle: tuple[int, int], scale: float) -> None:
        text = _drawable(text)
        (_, height), _ = cv2.getTextSize(text, _FONT, scale * self._unit, 1)
        place = (left_middle[0], left_middle[1] + height // 2)
        cv2.putText(image, text, place, _FONT, scale * self._unit, WHITE, 1, cv2.LINE_AA)

    def px(self, pixels: float) -> int:
        return max(1, round(pixels * self._unit))


def opinion(sighting: Sighting, names: Names, decided: Caption | None = None) -> Caption:
    """Green for somebody recognised, red for somebody refused (`decided` says so), grey while nothing is decided.

    Where a network claims a name, that and its probability come before the embedder's score.
    """
    best, prediction = sighting.pooled, sighting.prediction
    numbers = "" if best is None else scores(best.score, best.threshold)
    if best is not None and best.score >= best.threshold:
        sure = "" if prediction is None else f" {prediction.confidence:.2f}"
        return Caption((names(best.person) or "somebody forgotten") + sure + numbers, GREEN)
    said = "" if prediction is None else claimed(prediction)
    if decided is not None and decided.colour == RED:
        return Caption((said or decided.text) + numbers, RED)
    return Caption((said + numbers).strip(), GREY) if decided is None or best is not None else decided


def claimed(prediction: Prediction) -> str:
    """A name with a question mark, for nobody has confirmed it."""
    return f"{prediction.name + '?' if prediction.name else Denial.UNKNOWN} {prediction.confidence:.2f}"


def scores(score: float | None, threshold: float | None) -> str:
    if score is None or threshold is None:
        return ""
    return f"  {score:.3f} {'>=' if score >= threshold else '<'} {threshold:.3f}"


def _drawable(text: str) -> str:
    """OpenCV's fonts are ASCII: accents go, and what has no such letter becomes a question mark."""
    letters = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return plain.replace("≥", ">=").encode("ascii", "replace").decode()
