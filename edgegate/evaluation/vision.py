"""What the vision room sees in a data set, once: scoring afterwards costs next to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edgegate.camera import Recording
from edgegate.enrol import Enroller, read_picture
from edgegate.evaluation.dataset import Visit
from edgegate.evaluation.scores import Looks
from edgegate.types import Face, Frame
from edgegate.vision.analyzer import Analyzer


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One frame of a clip: its time, and the faces in it, the nearest described."""

    at: float
    faces: tuple[Face, ...]


def look_at_photos(analyzer: Analyzer, visits: Iterable[Visit]) -> Iterator[Looks]:
    """Photos as `edgegate enroll` would take them: what it refuses is not used, for genuine or for stranger."""
    enroller = Enroller(analyzer, name="")
    for visit in visits:
        photos = [enroller.judge(str(path), read_picture(path)).photo for path in visit.files]
        evidence = tuple((photo.embedding, photo.quality) for photo in photos if photo is not None)
        yield Looks(visit.person, visit.name, evidence)


def look_at_clip(analyzer: Analyzer, visit: Visit) -> list[Seen]:
    """Every frame of a clip."""
    recording = Recording(visit.files[0])
    try:
        return [_see(analyzer, frame) for frame in iter(recording.read, None)]
    finally:
        recording.close()


def _see(analyzer: Analyzer, frame: Frame) -> Seen:
    nearest, *others = analyzer.detect(frame) or (None,)
    if nearest is None:
        return Seen(frame.at, ())
    return Seen(frame.at, (analyzer.describe(frame, nearest), *others))
