"""Photos, each read and asked about by itself: what is wrong with one is said of it, and keeps no other back."""

from __future__ import annotations

from pathlib import Path

import cv2

from converter.data.pictures import shrunk
from converter.prediction.answer import AskedPhoto, who
from converter.prediction.asking import NoAnswer, PhotoNetwork
from edgegate.enrol import ADVICE, LONGEST_SIDE, VIDEOS, decode_picture
from edgegate.pages.overlay import GREEN, GREY, Caption, Pen
from edgegate.system import output_files
from edgegate.types import Box, Image
from edgegate.vision.faces import FaceFault

_JPEG_QUALITY = 90


class Asker:
    """Asks a network about photos, and draws each answer into the folder `annotate`, where one is given."""

    def __init__(self, network: PhotoNetwork, annotate: Path | None) -> None:
        self._network = network
        self._annotate = annotate
        self._written: set[str] = set()

    def ask(self, file: Path) -> AskedPhoto:
        """Raises UsageError or EdgegateError where the drawing cannot be written."""
        try:
            image = _read(file)
            asked = AskedPhoto(file, self._network.ask(image), size=(image.shape[1], image.shape[0]))
        except NoAnswer as problem:
            return AskedPhoto(file, None, str(problem))
        if self._annotate is not None:
            with output_files.binary(self._annotate / self._new_name(file)) as drawing:
                drawing.write(_drawn(image, asked))
        return asked

    def _new_name(self, file: Path) -> str:
        """Photos of one name from several folders do not replace each other."""
        name, number = f"{file.stem}.annotated.jpg", 2
        while name in self._written:
            name, number = f"{file.stem}.annotated-{number}.jpg", number + 1
        self._written.add(name)
        return name


def _read(file: Path) -> Image:
    """The photo in BGR, upright; raises NoAnswer."""
    if file.is_dir():
        raise NoAnswer(f"it is a folder; name the photos in it: {file}/*")
    if file.suffix.lower() in VIDEOS:
        raise NoAnswer("it is a video; name photos, or see it with: edgegate replay VIDEO --annotate OUT.webm")
    try:
        if not file.is_file():
            raise NoAnswer("it is no file; name a photo" if file.exists() else "there is no such photo")
        content = file.read_bytes()
    except OSError as error:
        raise NoAnswer(f"it cannot be read: {error.strerror}") from None
    if not content:
        raise NoAnswer("it is empty; copy it again")
    image = decode_picture(content)
    if image is None:
        raise NoAnswer(ADVICE[FaceFault.UNREADABLE])
    return image


def _drawn(image: Image, asked: AskedPhoto) -> bytes:
    """A JPEG of the photo: green for somebody named; with the words along the bottom where there is no box."""
    assert asked.answer is not None
    label = Caption(who(asked.answer), GREEN if asked.answer.named else GREY)
    image = shrunk(image, LONGEST_SIDE)
    pen, unit = Pen(image.shape[0]), asked.unit_box
    if unit is not None:
        height, width = image.shape[:2]
        pen.face(image, Box(unit[0] * width, unit[1] * height, unit[2] * width, unit[3] * height), label)
    else:
        pen.text(image, label.text, (pen.px(7), pen.strip(image, label.colour)), 0.45)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
