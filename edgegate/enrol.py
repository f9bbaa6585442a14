"""Enrolling: from photos of one person to what the gallery keeps, with a reason for each that will not do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edgegate.camera import Recording
from edgegate.clock import Clock, rfc3339
from edgegate.errors import UsageError
from edgegate.events import CloudEvent
from edgegate.gallery import MAX_PHOTOS, Gallery, Photo
from edgegate.identification import Identifier
from edgegate.journal import Journal
from edgegate.quiet import quiet
from edgegate.types import Event, EventType, Face, Fault, Frame, Image
from edgegate.vision.analyzer import Analyzer

PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
VIDEOS = {".mp4", ".mkv", ".avi", ".mov", ".webm"}
LONGEST_SIDE = 1600
"""Larger photos are scaled down to this many pixels first: it loses nothing that a 150-pixel face could show."""

_BYSTANDER = 1 / 3  # a second face smaller than this, by box width, is somebody in the background

ADVICE = {
    Fault.NO_FACE: "no face was found; use a photo where the face is large and looks at the camera",
    Fault.SEVERAL_FACES: "there is more than one face; crop the photo to the person",
    Fault.TOO_SMALL: "the face is too small; come closer, or use a larger photo",
    Fault.CUT_OFF: "the face is cut off; leave some room around it",
    Fault.BLURRED: "the face is blurred; hold still, or use a sharper photo",
    Fault.DARK: "the face is too dark; turn towards the light",
    Fault.OVEREXPOSED: "the face is overexposed; turn away from the light",
    Fault.POSE: "the face is turned away; look at the camera",
    Fault.UNREADABLE: "it cannot be read as a picture",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one photo: `photo` if it was accepted, else `fault`, and the way out in words."""

    source: str
    photo: Photo | None
    fault: Fault | None = None
    advice: str = ""


def read_pictures(path: Path) -> Iterator[tuple[str, Image | None]]:
    """The pictures a path stands for, by name: a photo, every photo of a folder, or frames across a video.

    None stands for a file that cannot be read as a picture. Raises UsageError when the path is not there.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such photo")
    if path.is_dir():
        photos = sorted(p for p in path.iterdir() if p.suffix.lower() in PICTURES)
        if not photos:
            raise UsageError(f"{path}: no photos in this folder")
        for photo in photos:
            yield str(photo), read_picture(photo)
    elif path.suffix.lower() in VIDEOS:
        yield from _frames_across(path)
    else:
        yield str(path), read_picture(path)


def read_picture(path: Path) -> Image | None:
    """A picture file in BGR, turned upright if it says how; None if it cannot be read as a picture."""
    try:
        return decode_picture(path.read_bytes())  # not cv2.imread: it cannot read every path there is
    except OSError:
        return None


def decode_picture(content: bytes) -> Image | None:
    """What a picture file holds, as `read_picture` gives it."""
    data = np.frombuffer(content, np.uint8)
    try:
        with quiet():  # libjpeg and libpng remark on damaged files
            image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:  # OpenCV raises for a picture that claims to be enormous
        return None
    return None if image is None else np.asarray(image, np.uint8)


def _frames_across(path: Path) -> Iterator[tuple[str, Image]]:
    """Frames evenly spread over a video: more than a template uses, for some will not be good enough."""
    recording = Recording(path)
    kept: list[Frame] = []
    stride = 1
    try:
        while (frame := recording.read()) is not None:
            if frame.seq % stride == 0:
                kept.append(frame)
            if len(kept) > 4 * MAX_PHOTOS:  # thin out, so that memory stays bounded however long the video is
                kept, stride = kept[::2], stride * 2
    finally:
        recording.close()
    for frame in kept:
        yield f"{path}@{frame.at:.2f}s", frame.image


class Enroller:
    """Judges photos of one person, and puts the good ones into the gallery."""

    def __init__(self, analyzer: Analyzer, name: str, identifier: Identifier | None = None) -> None:
        """Without an `identifier` nobody is looked for under another name."""
        self._analyzer = analyzer
        self._name = name
        self._identifier = identifier

    def judge(self, source: str, image: Image | None) -> Verdict:
        """Whether this photo will do; `image` is None when it could not be read."""
        if image is None:
            return self._refuse(source, Fault.UNREADABLE)
        frame, faces = self._faces(image)
        if not faces:
            return self._refuse(source, Fault.NO_FACE)
        face, *others = faces
        if any(other.box.width >= _BYSTANDER * face.box.width for other in others):
            return self._refuse(source, Fault.SEVERAL_FACES)
        face = self._analyzer.describe(frame, face)
        if face.embedding is None or face.quality is None:
            faults = face.quality.faults if face.quality else (Fault.NO_FACE,)
            return self._refuse(source, faults[0])
        photo = Photo(face.embedding, face.quality.weight, self._analyzer.pack.sha256, Path(source).name)
        return self._duplicate(source, photo) or Verdict(source, photo)

    def keep(self, photos: Sequence[Photo], gallery: Gallery, journal: Journal, clock: Clock) -> list[CloudEvent]:
        """Write the accepted photos into the gallery, all or none, and nobody without a record in the journal."""
        data = {"person": None, "photos": len(photos), "model": self._analyzer.pack.name}
        written: list[CloudEvent] = []

        def record(person: str) -> None:
            written.extend(journal.append([Event(EventType.PERSON_ENROLLED, clock.monotonic(), person, data)]))

        gallery.add(self._name, photos, rfc3339(clock.wall()), record)
        return written

    def _faces(self, image: Image) -> tuple[Frame, tuple[Face, ...]]:
        """The photo as a frame, and its faces, largest first.

        The detector is made for a door's distances: a face that fills the photo is found once there is a margin.
        """
        scale = min(1.0, LONGEST_SIDE / max(image.shape[:2]))
        if scale < 1:
            image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        frame = Frame(0.0, 0, image)
        if faces := self._analyzer.detect(frame):
            return frame, faces
        margin = max(image.shape[:2]) // 2
        wide = cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        frame = Frame(0.0, 0, np.asarray(wide, np.uint8))
        return frame, self._analyzer.detect(frame)

    def _duplicate(self, source: str, photo: Photo) -> Verdict | None:
        """Refuse a photo that would open the door as somebody else: one person, one name."""
        if self._identifier is None:
            return None
        match = self._identifier.match(photo.embedding, frames=1)
        other = next((p for p in self._identifier.people if match is not None and p.id == match.person), None)
        if match is None or other is None or other.name == self._name or match.score < match.threshold:
            return None
        advice = f"the face is enrolled as {other.name}; add photos under that name, or forget that one first"
        return Verdict(source, None, Fault.DUPLICATE_OF, advice)

    def _refuse(self, source: str, fault: Fault) -> Verdict:
        return Verdict(source, None, fault, ADVICE[fault])
