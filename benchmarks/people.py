"""The people of the evaluation data, as the detector and the embedder see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converter.data.compact import UnitBox
from converter.data.dataset import Sample
from edgegate.camera import Recording
from edgegate.enrol import VIDEOS, read_picture
from edgegate.errors import EdgegateError
from edgegate.evaluation.dataset import LabelledVisit, clip_visits, photo_visits
from edgegate.evaluation.vision import Seen
from edgegate.system.progress import progress
from edgegate.types import Box, Frame, Image
from edgegate.vision.analyzer import Analyzer

SECONDS_APART = 0.2
"""nuaa-dev keeps about every tenth frame of a film; at the door they follow each other so."""


@dataclass(frozen=True, slots=True, eq=False)
class Shooting:
    """One person filmed on one occasion; `boxes` has the largest face of each frame, None where there is none."""

    visit: LabelledVisit
    seen: tuple[Seen, ...]
    boxes: tuple[UnitBox | None, ...]

    @property
    def person(self) -> str:
        return self.visit.person

    @property
    def occasion(self) -> str:
        return self.visit.name.rpartition("_")[2]

    def samples(self, classes: Sequence[str]) -> list[Sample]:
        """The frames with a face in them; a person who is none of `classes` is of class 0."""
        label = classes.index(self.person) if self.person in classes else 0
        pairs = zip(self.visit.files, self.boxes, strict=True)
        return [Sample(file, label, box, self.visit.name) for file, box in pairs if box is not None]


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Films of nuaa-dev, clips of another camera, and photos of lfw-dev."""

    shootings: tuple[Shooting, ...]
    clips: tuple[Shooting, ...]
    portraits: tuple[Sample, ...]
    """One photo of each of many people, all of class 0."""


def look_at_people(data: Path, analyzer: Analyzer, portraits: int) -> People:
    """Raises UsageError if the data is not there; `portraits` is how many photos of lfw-dev to take."""
    films, clips = photo_visits(data / "nuaa-dev" / "live", "all"), clip_visits(data / "clips", "person-(.)", "all")
    # "tables": the other third of lfw-dev is kept for reporting on recognition.
    photos = [visit.files[0] for visit in photo_visits(data / "lfw-dev", "tables")]
    wanted = [photos[index] for index in np.linspace(0, len(photos) - 1, portraits).astype(int).tolist()]
    return People(
        tuple(_see(analyzer, visit) for visit in progress(films, "looking", "shooting")),
        tuple(_see(analyzer, visit) for visit in progress(clips, "looking", "clip")),
        tuple(_portraits(analyzer, progress(wanted, "looking", "photo"))),
    )


def _portraits(analyzer: Analyzer, photos: Iterable[Path]) -> Iterator[Sample]:
    for photo in photos:
        frame = Frame(0, 0, _picture(photo))
        if faces := analyzer.detect(frame):
            yield Sample(photo, 0, _unit(faces[0].box, frame), photo.parent.name)


def _see(analyzer: Analyzer, visit: LabelledVisit) -> Shooting:
    seen: list[Seen] = []
    boxes: list[UnitBox | None] = []
    for frame in frames(visit):
        faces = analyzer.detect(frame)
        described = tuple(analyzer.describe(frame, face) if face is faces[0] else face for face in faces)
        seen.append(Seen(frame.at, described))
        boxes.append(_unit(faces[0].box, frame) if faces else None)
    return Shooting(visit, tuple(seen), tuple(boxes))


def frames(visit: LabelledVisit) -> Iterator[Frame]:
    """Yields frames in their order, with the times at which a door would have had them."""
    if visit.files[0].suffix.lower() not in VIDEOS:
        for number, file in enumerate(visit.files):
            yield Frame(number * SECONDS_APART, number, _picture(file))
        return
    recording = Recording(visit.files[0])
    try:
        yield from iter(recording.read, None)
    finally:
        recording.close()


def _picture(file: Path) -> Image:
    image = read_picture(file)
    if image is None:
        raise EdgegateError(f"{file}: cannot be read as a picture; get the evaluation data again")
    return image


def _unit(box: Box, frame: Frame) -> UnitBox:
    height, width = frame.image.shape[:2]
    x1, x2 = (min(max(x / width, 0.0), 1.0) for x in (box.x1, box.x2))
    y1, y2 = (min(max(y / height, 0.0), 1.0) for y in (box.y1, box.y2))
    return x1, y1, x2, y2
